import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { Libc } from "./libc.ts";

/** How an event loop watches one descriptor: on which epoll, for what, and the word it gets back. Source: epoll_ctl(2). */
export type Registration = Readonly<{ epollFd: number; events: number; data: bigint }>;

const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;

/** struct epoll_event is packed on x86-64 only. */
const DATA_OFFSET_BYTES = process.arch === "x64" ? 4 : 8;

/**
 * Finds how this process watches `fd`; null when it does not.
 * Why the first epoll will do: Deno holds its one epoll under two numbers, so both tell the same.
 * Source: proc_pid_fdinfo(5), the `tfd:` lines: decimal descriptor, then hexadecimal events, data and inode.
 */
export function registrationOf(fd: number): Registration | null {
  const inode = inodeOf(fd);
  for (const epollFd of epolls()) {
    for (const line of readFileSync(`/proc/self/fdinfo/${epollFd}`, "utf8").split("\n")) {
      const found = /^tfd:\s*(\d+)\s+events:\s*([0-9a-f]+)\s+data:\s*([0-9a-f]+).*\bino:([0-9a-f]+)/.exec(line);
      if (!found || Number(found[1]) !== fd || Number.parseInt(found[4] ?? "", 16) !== inode) continue;
      return { epollFd, events: Number.parseInt(found[2] ?? "", 16), data: BigInt(`0x${found[3]}`) };
    }
  }
  return null;
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
