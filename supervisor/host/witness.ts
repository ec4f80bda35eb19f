import { statSync } from "node:fs";
import process from "node:process";
import type { Holder, Listener, Rival, Sight, Testimony, Witness } from "../daemon/ports.ts";
import { descriptorInode, descriptorsOf } from "./descriptors.ts";
import { doingOf } from "./doing.ts";
import { type TcpRow, tcpRows, type UnixRow, unixRows } from "./net-table.ts";
import type { OpenListeners } from "./open-listeners.ts";
import { allPids, commandOf, readStat } from "./procfs.ts";
import { isRival, takesFrom } from "./rival.ts";
import { tcpText } from "./sockaddr.ts";
import type { Speakers } from "./speakers.ts";

/** Each costs 0.01 ms on Bun and 0.04 ms on Deno, in which the daemon does nothing else. */
const mostAsked = 10_000;

/** Finds out by /proc who has listeners open, who accepts on them, and who else is reached at their addresses. */
export function createWitness(listeners: OpenListeners, speakers: Speakers): Witness {
  return {
    look: (unit, pids) => look(listeners.of(unit), pids, (inode) => listeners.unitOf(inode)),
    lostSpeaker: (invocation) => speakers.lost(invocation),
  };
}

/** One process' descriptors of one socket. */
type Open = Readonly<{ pid: number; fds: readonly number[] }>;

type Scene = Readonly<{
  tcp: readonly TcpRow[];
  unix: readonly UnixRow[];
  /** By inode; the supervisor itself is left out. */
  open: ReadonlyMap<number, readonly Open[]>;
  own: ReadonlySet<number>;
  unitOf: OpenListeners["unitOf"];
}>;

function look(listeners: readonly Listener[], pids: readonly number[], unitOf: Scene["unitOf"]): Testimony {
  const ports = new Set(listeners.flatMap(({ address }) => portOf(address) ?? []));
  const tcp = tcpRows(ports);
  const unix = listeners.every(({ address }) => portOf(address) !== null) ? [] : unixRows();
  const wanted = new Set([...tcp, ...unix, ...listeners].map(({ inode }) => inode));
  const scene = {
    tcp,
    unix,
    open: openSockets(wanted, whomToAsk(pids)),
    own: new Set(listeners.map(({ inode }) => inode)),
    unitOf,
  };
  return {
    sights: listeners.map((listener) => sightOf(listener, scene)),
    elsewhere: elsewhereOf(pids, scene),
    stopped: pids.filter((pid) => /^[Tt]$/.test(readStat(pid)?.state ?? "")),
  };
}

function sightOf(listener: Listener, scene: Scene): Sight {
  const { name, address, inode } = listener;
  const row = scene.tcp.find((each) => each.inode === inode);
  const busy = new Set(busyPids(listener, scene));
  const holders = (scene.open.get(inode) ?? []).map(({ pid, fds }): Holder => {
    const does = doingOf(pid, { inode, fds });
    // A program that takes one connection after the other does not wait for the next while it serves.
    return { pid, command: nameOf(pid), does: does === "idle" && busy.has(pid) ? "unknown" : does };
  });
  const isGone = address.startsWith("/") && !statSync(address, { throwIfNoEntry: false })?.isSocket();
  return { name, address, waiting: row?.waiting ?? null, isGone, holders, rivals: rivalsOf(listener, row, scene) };
}

/** Who has a connection open that came through the listener. */
function busyPids({ address, inode }: Listener, { tcp, unix, open }: Scene): readonly number[] {
  const port = portOf(address);
  const through = port === null ? unix.filter(({ path }) => path === address) : tcp.filter((row) => row.port === port);
  const accepted = through.filter((row) => !row.listens && row.inode !== inode);
  return accepted.flatMap((row) => (open.get(row.inode) ?? []).map(({ pid }) => pid));
}

function rivalsOf({ address, inode }: Listener, ours: TcpRow | undefined, scene: Scene): readonly Rival[] {
  const describe = (row: TcpRow | UnixRow, at: string, takes: boolean): Rival => {
    const pid = scene.open.get(row.inode)?.[0]?.pid ?? null;
    const command = pid === null ? null : nameOf(pid);
    return { address: at, takes, unit: scene.unitOf(row.inode), pid, command };
  };
  const others = <R extends TcpRow | UnixRow>(rows: readonly R[]): readonly R[] =>
    rows.filter((row) => row.listens && row.inode !== inode && !scene.own.has(row.inode));
  if (ours === undefined) {
    // A path can be bound anew only after it was taken away: whoever has it besides us has it now.
    return others(scene.unix.filter(({ path }) => path === address)).map((row) => describe(row, address, true));
  }
  return others(scene.tcp)
    .filter((row) => isRival(ours, row))
    .map((row) => describe(row, tcpText(row.host, row.port), takesFrom(ours, row)));
}

function elsewhereOf(pids: readonly number[], { tcp, open, own }: Scene): Testimony["elsewhere"] {
  const rows = tcp.filter((row) => row.listens && !own.has(row.inode));
  return rows.flatMap((row) => {
    const holder = (open.get(row.inode) ?? []).find(({ pid }) => pids.includes(pid));
    return holder ? [{ pid: holder.pid, command: nameOf(holder.pid), address: tcpText(row.host, row.port) }] : [];
  });
}

/** Null: a unix path or an abstract name. */
function portOf(address: string): number | null {
  return /^[/@]/.test(address) ? null : Number(address.slice(address.lastIndexOf(":") + 1));
}

function nameOf(pid: number): string {
  return commandOf(pid, readStat(pid)?.comm ?? "?");
}

/** Everybody; on a machine that is so full that this would hold the daemon, the unit's own processes alone. */
function whomToAsk(pids: readonly number[]): readonly number[] {
  const all = allPids();
  return all.length > mostAsked ? pids : all;
}

function openSockets(wanted: ReadonlySet<number>, pids: readonly number[]): ReadonlyMap<number, readonly Open[]> {
  const found = new Map<number, Open[]>();
  for (const pid of pids) {
    if (pid === process.pid) continue;
    const mine = new Map<number, number[]>();
    for (const [fd, inode] of socketsOf(pid)) {
      if (wanted.has(inode)) mine.set(inode, [...(mine.get(inode) ?? []), fd]);
    }
    for (const [inode, fds] of mine) found.set(inode, [...(found.get(inode) ?? []), { pid, fds }]);
  }
  return found;
}

/** Shape: `[[3, 12345]]`, descriptor and inode. */
function socketsOf(pid: number): readonly (readonly [number, number])[] {
  return descriptorsOf(pid).flatMap((fd): readonly (readonly [number, number])[] => {
    const inode = descriptorInode(pid, fd);
    return inode === null ? [] : [[fd, inode]];
  });
}
