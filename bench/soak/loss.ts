import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { Failure, Tally } from "../../test/support/load/tally.ts";

/**
 * A process that was ended on purpose takes with it what is in flight on the connections that it has accepted; nothing else may fail.
 * Units: milliseconds since 1970. `inHand`: how many connections it had, so at most as many requests.
 */
export type Loss = { readonly unit: string; readonly fromMs: number; untilMs: number; inHand: number };

/** A reset is read by the client a moment after it was sent. */
export const AFTERMATH_MS = 3_000;

/** What may happen to a request in flight when its process ends. */
const ENDS: readonly Failure[] = ["reset-fresh", "reset-reused", "eof-fresh", "eof-reused", "cut"];

/** The word for an open connection in /proc/net/tcp, whichever side has spoken last. Source: tcp_states.h. */
const OPEN = ["01", "04", "05", "08", "09"];

/** Counts the open connections that a process has accepted at a port. A process that is stopped accepts no more. */
export function connectionsOf(pid: number, port: number): number {
  const local = port.toString(16).toUpperCase().padStart(4, "0");
  const lines = readFileSync("/proc/net/tcp", "latin1").split("\n").slice(1);
  const cells = lines.map((line) => line.trim().split(/\s+/));
  const here = cells.filter(([, at = "", , state = ""]) => at.endsWith(`:${local}`) && OPEN.includes(state));
  const inodes = new Set(here.map((each) => each[9]));
  return socketsOf(pid).filter((inode) => inodes.has(inode)).length;
}

/** Divides a load's failures into those that losses explain, one for each connection in hand at the most, and the others. */
export function explain(
  { failures, startedAtMs, failed }: Tally,
  losses: readonly Loss[],
): Readonly<{ explained: number; beyond: number; others: readonly Readonly<{ atMs: number; text: string }>[] }> {
  const left = losses.map((loss) => ({ ...loss }));
  const others: { atMs: number; text: string }[] = [];
  let explained = 0;
  for (const { atMs, failure } of failures) {
    const whenMs = startedAtMs + atMs;
    const loss = left.find(
      ({ fromMs, untilMs, inHand }) => inHand > 0 && whenMs >= fromMs && whenMs <= untilMs && ENDS.includes(failure),
    );
    if (loss) {
      loss.inHand--;
      explained++;
    } else others.push({ atMs: whenMs, text: `${new Date(whenMs).toISOString()} ${failure}` });
  }
  return { explained, beyond: failed - explained, others };
}

function socketsOf(pid: number): readonly string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
    } catch {
      return []; // closed between the listing and the reading
    }
  });
}
