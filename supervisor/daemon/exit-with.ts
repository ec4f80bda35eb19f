import { didYouMean } from "../unit/nearest.ts";
import { signalNumber } from "../unit/signal.ts";
import type { SignalName, Unit } from "../unit/unit.ts";
import type { Desk, Giver } from "./ports.ts";

const FIRST_REALTIME = 34;
/** What a unit leaves that never had a process, or that failed with an exit code that says it did not. */
const failed = 1;

/** The exit code that the supervisor is to end with: 0 until the unit has ended by itself. */
export type LastWord = Readonly<{ code(): number }>;

/**
 * Starts a unit, also one that is not enabled, and stops everything once it has ended by itself and is not started again:
 * it is finished or failed, or what it requires has failed. A stop by an operator is no such end.
 */
export function exitWith(desk: Desk, unit: string, over: AbortSignal): LastWord {
  let code = 0;
  const command = `supervisor start --exit-with ${unit}`;
  const by: Giver = { tag: "client", user: null, uid: null, pid: desk.status().supervisor.pid, command };
  const end = (): boolean => {
    if (over.aborted || wantedOf(desk, unit) !== "up") return false;
    code = exitCodeOf(desk, unit);
    desk.order({ tag: "stop", units: null, cascade: true }, by);
    return true;
  };
  void followMoves(desk, unit, over, end);
  const given = desk.order({ tag: "start", units: [unit] }, by);
  if (given.ok) {
    void given.value.then(([verdict]) => {
      // What it requires has failed: it has no end of its own to wait for.
      if (verdict?.result === "failed") end();
    });
  }
  return { code: () => code };
}

/** Says that no unit has this name, before anything is started; null: one has. */
export function unknownUnit(name: string, units: readonly Unit[]): string | null {
  const names = units.map((unit) => unit.name);
  return names.includes(name) ? null : `there is no unit "${name}"${didYouMean(name, names)}`;
}

/** Calls `end` each time that the last instance has come to rest, until it is taken. */
async function followMoves(desk: Desk, unit: string, over: AbortSignal, end: () => boolean): Promise<void> {
  const phases = new Map<number, string>();
  for await (const move of desk.happenings(0, over)) {
    if (move.unit !== unit || move.instance === null || move.to === null) continue;
    phases.set(move.instance, move.to);
    const isOver = [...phases.values()].every((phase) => phase === "finished" || phase === "failed");
    if (isOver && end()) return;
  }
}

function wantedOf(desk: Desk, name: string): "up" | "down" | undefined {
  return desk.status().units.find((unit) => unit.name === name)?.wanted;
}

/** Shape: exit code 3 → 3; SIGKILL → 137, as a shell says it. Of several instances the one that ended last counts. */
function exitCodeOf(desk: Desk, name: string): number {
  const unit = desk.status().units.find((each) => each.name === name);
  const last = unit?.last_exit ?? null;
  if (last === null) return failed;
  const code = last.signal === null ? (last.code ?? failed) : 128 + numberOf(last.signal as SignalName);
  return unit?.result !== "success" && code === 0 ? failed : code;
}

function numberOf(signal: SignalName): number {
  return signalNumber(signal) ?? FIRST_REALTIME + Number(signal.slice("SIGRTMIN+".length));
}
