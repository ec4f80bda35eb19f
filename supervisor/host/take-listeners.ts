import { descriptorInode, descriptorsOf } from "./descriptors.ts";
import { libc } from "./libc.ts";

/** The same numbers on every architecture. Source: pidfd_open(2), pidfd_getfd(2). */
const PIDFD_OPEN = 434;
const PIDFD_GETFD = 438;

/** A listener that one of these processes has. */
export type Held = Readonly<{ name: string; inode: number; pids: readonly number[] }>;

/**
 * Takes a descriptor of our own for each of these sockets, close-on-exec; it is the same socket, with the queue that it has.
 * One that nobody has any more, or that the kernel does not give us (it asks what ptrace(2) asks), is left out.
 */
export function takeListeners(wanted: readonly Held[]): ReadonlyMap<string, number> {
  const taken = new Map<string, number>();
  for (const { name, inode, pids } of wanted) {
    if (taken.has(name)) continue;
    const fd = takeFrom(pids, inode);
    if (fd !== null) taken.set(name, fd);
  }
  return taken;
}

function takeFrom(pids: readonly number[], inode: number): number | null {
  for (const pid of pids) {
    const theirs = descriptorsOf(pid).find((fd) => descriptorInode(pid, fd) === inode);
    const taken = theirs === undefined ? -1 : copyOf(pid, theirs);
    if (taken >= 0) return taken;
  }
  return null;
}

function copyOf(pid: number, fd: number): number {
  const pidfd = libc.syscall(PIDFD_OPEN, pid, 0, 0);
  if (pidfd < 0) return -1;
  const copy = libc.syscall(PIDFD_GETFD, pidfd, fd, 0);
  libc.close(pidfd);
  return copy;
}
