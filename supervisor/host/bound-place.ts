import { lstatSync } from "node:fs";
import { isIP } from "node:net";
import { resolve } from "node:path";
import type { Address } from "../unit/unit.ts";
import { hostAddress } from "./hosts.ts";
import { socketInode } from "./inode.ts";
import { unixRows } from "./net-table.ts";
import { boundAddress, tcpText } from "./sockaddr.ts";
import type { PathIdentity } from "./unixpath.ts";

/** Where a socket is bound. `identity`: which file it is, for one on a path. */
export type BoundPlace = Readonly<{ address: string; identity: PathIdentity | null }>;

/** Where a socket that somebody bound before is; null when that is not what is wanted now, or not there any more. */
export function boundPlace(fd: number, wanted: Exclude<Address, { tag: "template" }>): BoundPlace | null {
  return wanted.tag === "tcp" ? tcpPlace(fd, wanted) : unixPlace(fd, wanted.path);
}

function tcpPlace(fd: number, { host, port }: Extract<Address, { tag: "tcp" }>): BoundPlace | null {
  const bound = boundAddress(fd);
  if (!bound || (port !== 0 && bound.port !== port)) return null;
  const literal = hostAddress(host);
  // One address of IPv6 has many spellings; every address is another one where the machine has no IPv6.
  const isSame = literal === bound.host || host === "" || (literal !== null && isIP(literal) === 6);
  return isSame ? { address: tcpText(bound.host, bound.port), identity: null } : null;
}

function unixPlace(fd: number, wanted: string): BoundPlace | null {
  const path = wanted.startsWith("@") ? wanted : resolve(wanted);
  const inode = socketInode(fd);
  if (!unixRows().some((row) => row.inode === inode && row.path === path)) return null;
  if (path.startsWith("@")) return { address: path, identity: null };
  const file = lstatSync(path, { throwIfNoEntry: false });
  return file?.isSocket() ? { address: path, identity: { path, dev: file.dev, ino: file.ino } } : null;
}
