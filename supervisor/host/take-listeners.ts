import { descriptorInode, descriptorsOf } from "./descriptors.ts";
import { descriptorCopy } from "./pidfd.ts";

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
    const taken = theirs === undefined ? -1 : descriptorCopy(pid, theirs);
    if (taken >= 0) return taken;
  }
  return null;
}
