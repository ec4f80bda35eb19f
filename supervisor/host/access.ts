import { realpathSync, type Stats, statSync } from "node:fs";
import { dirname } from "node:path";
import type { Identity } from "./identity.ts";
import { bytes, cString, libc } from "./libc.ts";

const EACCES = 13;

/**
 * Judges, as the errno of execve(2) or chdir(2), whether somebody else may execute or enter an existing path: EACCES or 0.
 * Why by the mode bits: access(2) asks for the caller alone, and the caller is root. What bits do not tell (an access list,
 * a security module, root itself) is not refused here: then the start itself tells.
 * Errors: throws what `node:fs` throws.
 */
export function accessError(path: string, who: Identity): number {
  if (who.uid === 0) return 0;
  const real = realpathSync(path);
  const all = new Set([...waysTo(path), ...waysTo(real), real]);
  return [...all].every((each) => mayPass(each, who)) ? 0 : EACCES;
}

/** Shape: `/srv/app/main` → `/srv/app`, `/srv`, `/`. */
function waysTo(path: string): readonly string[] {
  const parent = dirname(path);
  return parent === path ? [] : [parent, ...waysTo(parent)];
}

function mayPass(path: string, who: Identity): boolean {
  return (bitsFor(statSync(path), who) & 1) === 1 || hasAccessList(path);
}

function bitsFor({ mode, uid, gid }: Stats, who: Identity): number {
  if (uid === who.uid) return mode >> 6;
  return gid === who.gid || who.groups.includes(gid) ? mode >> 3 : mode;
}

function hasAccessList(path: string): boolean {
  return libc.getxattr(cString(path), cString("system.posix_acl_access"), bytes(0), 0) > 0;
}
