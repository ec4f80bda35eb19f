import { readFileSync } from "node:fs";

/** States as /proc/net prints them, and the flag of a unix socket that takes connections (`__SO_ACCEPTCON`). */
const LISTENING = "0A";
const ACCEPTS = 0x10000;

/** A socket of TCP. `waiting`: of one that listens, the connections that nobody has accepted yet. Source: proc_pid_net(5). */
export type TcpRow = Readonly<{
  family: 4 | 6;
  host: string;
  port: number;
  listens: boolean;
  waiting: number;
  uid: number;
  inode: number;
}>;

export type UnixRow = Readonly<{ path: string; listens: boolean; inode: number }>;

/**
 * The sockets of TCP that listen, and those whose own port is one of these.
 * Why not all: a busy server has a hundred thousand connections, and most of them concern nobody who asks.
 */
export function tcpRows(ports: ReadonlySet<number>): readonly TcpRow[] {
  return ([4, 6] as const).flatMap((family) =>
    lines(family === 4 ? "/proc/net/tcp" : "/proc/net/tcp6").flatMap((line) => {
      // sl, local_address, rem_address, st, tx_queue:rx_queue, tr:tm->when, retrnsmt, uid, timeout, inode
      const [, local = "", , state, queues = "", , , uid, , inode] = line.trim().split(/\s+/, 10);
      const [host = "", port = ""] = local.split(":");
      const row = { host: hostOf(host), port: Number.parseInt(port, 16), listens: state === LISTENING };
      if (!row.listens && !ports.has(row.port)) return [];
      const waiting = row.listens ? Number.parseInt(queues.split(":")[1] ?? "0", 16) : 0;
      return [{ ...row, family, waiting, uid: Number(uid), inode: Number(inode) }];
    }),
  );
}

/** The unix sockets that have a path or an abstract name, which begins with `@`. */
export function unixRows(): readonly UnixRow[] {
  return lines("/proc/net/unix").flatMap((line) => {
    // Num, RefCount, Protocol, Flags, Type, St, Inode, Path: which may hold spaces
    const [, flags = "0", inode, path] = /^\S+ \S+ \S+ (\S+) \S+ \S+\s+(\d+) (.+)$/.exec(line) ?? [];
    if (path === undefined) return [];
    return [{ path, listens: (Number.parseInt(flags, 16) & ACCEPTS) !== 0, inode: Number(inode) }];
  });
}

/** Shape: `0100007F` → `127.0.0.1`; `00000000000000000000000001000000` → `::1`: words as the machine has them in memory. */
function hostOf(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) =>
    (word.match(/../g) ?? []).reverse().map((byte) => Number.parseInt(byte, 16)),
  );
  if (bytes.length === 4) return bytes.join(".");
  const groups = Array.from({ length: 8 }, (_, at) =>
    (((bytes[at * 2] ?? 0) << 8) | (bytes[at * 2 + 1] ?? 0)).toString(16),
  );
  return shortest(groups);
}

/** Source: RFC 5952: the first of the longest runs of zeros becomes `::`. */
function shortest(groups: readonly string[]): string {
  const runs = groups.map((_, start) => {
    const end = groups.findIndex((group, at) => at >= start && group !== "0");
    return { start, length: (end < 0 ? groups.length : end) - start };
  });
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), { start: 0, length: 1 });
  if (longest.length < 2) return groups.join(":");
  return `${groups.slice(0, longest.start).join(":")}::${groups.slice(longest.start + longest.length).join(":")}`;
}

function lines(path: string): readonly string[] {
  try {
    return readFileSync(path, "utf8").split("\n").slice(1, -1);
  } catch {
    // A kernel without IPv6 has no tcp6.
    return [];
  }
}
