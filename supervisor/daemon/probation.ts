import { describe } from "../core/cause.ts";
import type { InvocationId } from "../core/facts.ts";
import { healthOf } from "../core/probe.ts";
import { type Run, type State, serving } from "../core/state.ts";
import type { UnitState, World } from "../core/world.ts";
import type { Unit } from "../unit/unit.ts";
import type { Changed } from "./difference.ts";

/** Units whose processes have got other settings, until it is known that they can live with them. */
export interface Probation {
  /** Begins for these units, or anew. */
  begin(units: readonly string[]): void;
  /** Somebody else has found that one cannot. */
  fail(unit: string, why: string): void;
  /** Ends it for all: what is loaded has another judge. */
  end(): void;
  readonly isOn: boolean;
  /** Call after every turn. */
  turned(changes: readonly Changed[]): void;
}

export type ProbationOptions = Readonly<{
  world: () => World;
  now: () => number;
  /** Hears of the first that cannot live with it; for all it is over then. */
  failed: (unit: string, why: string) => void;
  /** Hears that all can. */
  passed: () => void;
}>;

/** No probe takes longer to be believed. */
const LONGEST_MS = 300_000;

/** `ill`: those that were so before, for which the change is not to blame. */
type Trial = Readonly<{ untilMs: number; ill: ReadonlySet<InvocationId> }>;

/**
 * Nobody wakes up for its end: a turn that comes later finds that it is over, and what happens then is no longer the change's fault.
 * Why health and not time alone: a unit that nobody asks is on probation for `soak_sec`, as in a handover.
 */
export function createProbation({ world, now, failed, passed }: ProbationOptions): Probation {
  const trials = new Map<string, Trial>();
  const fail = (unit: string, why: string): void => {
    if (!trials.has(unit)) return;
    trials.clear();
    failed(unit, why);
  };
  const look = (name: string, entry: UnitState | null): void => {
    const trial = trials.get(name);
    if (!trial) return;
    const why = entry && now() <= trial.untilMs ? troubleOf(entry, trial) : null;
    if (why !== null) {
      fail(name, why);
      return;
    }
    if (entry && now() <= trial.untilMs) return;
    trials.delete(name);
    if (trials.size === 0) passed();
  };
  return {
    begin(units) {
      for (const name of units) {
        const entry = world().units.get(name);
        if (!entry) continue;
        const ill = runsOf(entry).filter((run) => illness(run) !== null);
        trials.set(name, {
          untilMs: now() + gateMs(entry.unit),
          ill: new Set(ill.map(({ invocation }) => invocation)),
        });
      }
    },
    fail,
    end: () => trials.clear(),
    get isOn() {
      return trials.size > 0;
    },
    turned(changes) {
      if (trials.size === 0) return;
      for (const { name, now: entry } of changes) look(name, entry);
      // Of those that nothing has happened to, too, the time may be over.
      for (const [name, { untilMs }] of trials) if (now() > untilMs) look(name, world().units.get(name) ?? null);
    },
  };
}

const runsOf = ({ instances }: UnitState): readonly Run[] => instances.flatMap(serving);

function troubleOf(entry: UnitState, { ill }: Trial): string | null {
  const runs = runsOf(entry).filter(({ invocation }) => !ill.has(invocation));
  return (
    runs.map(illness).find((why) => why !== null) ?? entry.instances.map(lossOf).find((why) => why !== null) ?? null
  );
}

/** What a process says of itself, and what its probes say. */
function illness({ errno, says, probes }: Run): string | null {
  if (errno !== null) return says ?? `it says error ${errno}`;
  if (healthOf(probes) !== "unhealthy") return null;
  const [kind, watch] = Object.entries(probes).find(([, { verdict }]) => verdict === "failing") ?? [];
  return `its ${kind} probe ${watch?.detail}`;
}

/** It ended by itself. */
function lossOf({ wanted, phase, cause }: State): string | null {
  if (wanted === "down" || (phase.tag !== "failed" && phase.tag !== "waiting")) return null;
  return cause ? describe(cause) : "it has ended";
}

function gateMs({ handover, probes }: Unit): number {
  const spans = Object.values(probes).map((probe) => probe.periodMs * probe.failureThreshold + probe.timeoutMs);
  return Math.min(LONGEST_MS, handover.soakMs + Math.max(0, ...spans));
}
