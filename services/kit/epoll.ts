import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { Libc } from "./libc.ts";

/** How an event loop watches one descriptor: on which epoll, for what, and the word it gets back. Source: epoll_ctl(2). */
export type Registration = Readonly<{ epollFd: number; events: number; data: bigint }>;

const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;

/** struct epoll_event is packed on x86-64 only. */
const DATA_OFFSET_BYTES = process.arch === "x64" ? 4 : 8;

/** What the runtimes ask for; with anything else in it the registration is of a kind that cannot be moved unseen. */
const EPOLLIN = 0x1;
const EPOLLONESHOT = 1 << 30;
const EPOLLEXCLUSIVE = 1 << 28;

/**
 * Finds how this process watches `fd`; empty when it does not.
 * Source: proc_pid_fdinfo(5), the `tfd:` lines: decimal descriptor, then hexadecimal events, data and inode.
 */
export function registrationsOf(fd: number): readonly Registration[] {
  const inode = inodeOf(fd);
  const found: Registration[] = [];
  for (const epollFd of epolls()) {
    for (const line of readFileSync(`/proc/self/fdinfo/${epollFd}`, "utf8").split("\n")) {
      const parts = /^tfd:\s*(\d+)\s+events:\s*([0-9a-f]+)\s+data:\s*([0-9a-f]+).*\bino:([0-9a-f]+)/.exec(line);
      if (!parts || Number(parts[1]) !== fd || Number.parseInt(parts[4] ?? "", 16) !== inode) continue;
      found.push({ epollFd, events: Number.parseInt(parts[2] ?? "", 16), data: BigInt(`0x${parts[3]}`) });
    }
  }
  return found;
}

/**
 * Says why these registrations of a listener are not what a runtime is known to make; null when they are.
 * Why several are well: Deno holds its one epoll under two numbers, so both tell the same. Two loops would not.
 */
export function oddityOf(
  [first, ...others]: readonly Registration[],
  architecture: string = process.arch,
): string | null {
  if (!first) return "the runtime does not watch its listener through epoll";
  if (architecture !== "x64" && architecture !== "arm64")
    return `the layout of an epoll event on ${architecture} is unknown`;
  if (others.some(({ events, data }) => events !== first.events || data !== first.data)) {
    return "more than one loop watches the runtime's listener";
  }
  const isPlain = (first.events & EPOLLIN) !== 0 && (first.events & (EPOLLONESHOT | EPOLLEXCLUSIVE)) === 0;
  return isPlain ? null : `the runtime watches its listener in an unknown way (events ${first.events.toString(16)})`;
}

/** The inode of the socket behind a descriptor; null when it is not a socket. */
export function inodeOf(fd: number): number | null {
  const found = /^socket:\[(\d+)\]$/.exec(linkOf(String(fd)));
  return found ? Number(found[1]) : null;
}

export function watch(c: Libc, fd: number, { epollFd, events, data }: Registration): boolean {
  const event = new DataView(new ArrayBuffer(DATA_OFFSET_BYTES + 8));
  event.setUint32(0, events, true);
  event.setBigUint64(DATA_OFFSET_BYTES, data, true);
  return c.epoll_ctl(epollFd, EPOLL_CTL_ADD, fd, new Uint8Array(event.buffer)) === 0;
}

/** Takes a descriptor out of the loop. It has to happen before the descriptor is closed, or the loop is woken for ever. */
export function unwatch(c: Libc, fd: number, { epollFd }: Registration): boolean {
  return c.epoll_ctl(epollFd, EPOLL_CTL_DEL, fd, new Uint8Array(DATA_OFFSET_BYTES + 8)) === 0;
}

function epolls(): number[] {
  return readdirSync("/proc/self/fd")
    .filter((name) => linkOf(name) === "anon_inode:[eventpoll]")
    .map(Number);
}

function linkOf(name: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${name}`);
  } catch {
    // The descriptor was closed since it was listed (the listing itself holds one).
    return "";
  }
}
