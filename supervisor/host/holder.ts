import { readFileSync } from "node:fs";
import type { BindableSocket } from "../unit/unit.ts";
import { descriptorInode, descriptorsOf } from "./descriptors.ts";
import { allPids, commandOf, readStat } from "./procfs.ts";
import { unixSockaddr } from "./sockaddr.ts";
import { whoAnswers } from "./socket.ts";

/** States of a socket that takes connections, and of a bound one without connections, as /proc/net prints them. */
const LISTENING = "0A";
const UNCONNECTED = "07";
/** Units: characters. A message is one line. */
const LONGEST_COMMAND = 80;

/**
 * Says who has an address. Shape: ` by nginx: master process /usr/sbin/nginx (pid 123)`; ` by a process of user 33` when it may not be
 * looked into; empty when nothing is known. Ready to follow "already in use".
 */
export function holderText({ kind, address }: Pick<BindableSocket, "kind" | "address">): string {
  const held = address.tag === "unix" ? unixHolder(address.path) : portHolder(kind, address.port);
  if (held.pid) return ` by ${oneLine(commandOf(held.pid, readStat(held.pid)?.comm ?? "?"))} (pid ${held.pid})`;
  return held.uid === null ? "" : ` by a process of user ${held.uid}`;
}

/** A command line may hold a whole script, and whatever else bytes can be. */
function oneLine(command: string): string {
  return command
    .replace(/[\s\p{Cc}]+/gu, " ")
    .trim()
    .slice(0, LONGEST_COMMAND);
}

/** Null: not known. */
type Holder = Readonly<{ pid: number | null; uid: number | null }>;

const NOBODY: Holder = { pid: null, uid: null };

function portHolder(kind: BindableSocket["kind"], port: number): Holder {
  const [table, state] = kind === "stream" ? ["tcp", LISTENING] : ["udp", UNCONNECTED];
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  for (const name of [table, `${table}6`]) {
    for (const row of rows(`/proc/net/${name}`)) {
      // sl, local_address, rem_address, st, queues, timer, retransmits, uid, timeout, inode
      if (!row[1]?.endsWith(`:${wanted}`) || row[3] !== state) continue;
      return { pid: pidWithSocket(Number(row[9])), uid: Number(row[7]) };
    }
  }
  return NOBODY;
}

function unixHolder(path: string): Holder {
  const listening = whoAnswers(unixSockaddr(path));
  if (listening) return { ...NOBODY, pid: listening };
  // A datagram socket does not tell who it belongs to when it is asked. The table knows it by the path that it was bound to.
  const row = rows("/proc/net/unix").find((each) => each[7] === path);
  return row ? { ...NOBODY, pid: pidWithSocket(Number(row[6])) } : NOBODY;
}

function rows(path: string): readonly (readonly string[])[] {
  try {
    const lines = readFileSync(path, "utf8").split("\n").slice(1);
    return lines.map((line) => line.trim().split(/\s+/));
  } catch {
    // A kernel without IPv6 has no tcp6.
    return [];
  }
}

function pidWithSocket(inode: number): number | null {
  return allPids().find((pid) => descriptorsOf(pid).some((fd) => descriptorInode(pid, fd) === inode)) ?? null;
}
