import { fresh, type Phase, runs, type State } from "./state.ts";
import type { UnitState, World } from "./world.ts";

/** What is kept of a unit beyond the life of its daemon; its definition is not: that stands in its file. */
export type Saved = Readonly<{ unit: string; target: number; instances: readonly State[] }>;

/** JSON has no infinity, and makes null of it; none of these can be null otherwise. */
const instants: ReadonlySet<string> = new Set(["deadline", "at"]);

const phases: ReadonlySet<Phase["tag"]> = new Set([
  "inactive",
  "starting",
  "running",
  "replacing",
  "soaking",
  "stopping",
  "waiting",
  "finished",
  "failed",
]);

/** One line of JSON. */
export function encode({ unit, target, instances }: UnitState): string {
  const saved: Saved = { unit: unit.name, target, instances };
  return JSON.stringify(saved);
}

/**
 * Null for what is none: another shape, a phase that is not known. What a newer version has besides is left out of account, and what
 * an older one did not have yet is as in a unit that nothing has happened to.
 */
export function decode(line: string): Saved | null {
  try {
    const read: unknown = JSON.parse(line, (key, value: unknown) =>
      value === null && instants.has(key) ? Number.POSITIVE_INFINITY : value,
    );
    if (!isRecord(read) || typeof read.unit !== "string" || typeof read.target !== "number") return null;
    if (!Array.isArray(read.instances)) return null;
    const instances = read.instances.map((one: unknown): State => ({ ...fresh, ...(one as State) }));
    return instances.every(isState) ? { unit: read.unit, target: read.target, instances } : null;
  } catch {
    return null;
  }
}

/** The units as the world defines them, each as it was left; one that nobody has left is as new. Every gate is to be looked at. */
export function restored(world: World, saved: ReadonlyMap<string, Saved>): World {
  const units = [...world.units].map(([name, entry]): [string, UnitState] => {
    const { target, instances } = saved.get(name) ?? entry;
    return [name, { ...entry, target, instances }];
  });
  return { ...world, units: new Map(units), shut: { units: new Map(), graph: world.graph } };
}

function isState(state: State): boolean {
  const { phase, leaving, wanted, handover } = state;
  if (!phases.has(phase.tag) || !Array.isArray(leaving) || !["up", "down"].includes(wanted)) return false;
  if (!isRecord(handover) || !Array.isArray(handover.undo)) return false;
  return runs(state).every(
    (run) => typeof run.invocation === "string" && isRecord(run.program) && isRecord(run.probes),
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
