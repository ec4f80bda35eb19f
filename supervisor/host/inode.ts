import { readlinkSync } from "node:fs";

/** The inode of one of our sockets. Shape of the link: `socket:[12345]` → 12345. Errors: throws when `fd` is not open. */
export function socketInode(fd: number): number {
  return Number(/\[(\d+)\]/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1]);
}
