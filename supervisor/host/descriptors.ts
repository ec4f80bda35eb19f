import { readdirSync, readlinkSync } from "node:fs";

/** The numbers of a process's open descriptors; none of one that has ended or is another user's. */
export function descriptorsOf(pid: number | "self"): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map(Number);
  } catch {
    // EACCES: another user's process. ENOENT: it has ended.
    return [];
  }
}

/** What a descriptor is. Shape: `socket:[4711]`, `/dev/null`; empty for one that was closed meanwhile. */
export function descriptorLink(pid: number | "self", fd: number): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`);
  } catch {
    // It was closed between the listing and the look.
    return "";
  }
}

/** The inode of the socket that a descriptor is; null: it is none. */
export function descriptorInode(pid: number | "self", fd: number): number | null {
  const inode = /^socket:\[(\d+)\]$/.exec(descriptorLink(pid, fd))?.[1];
  return inode === undefined ? null : Number(inode);
}
