import { type ChangedKey, changedKeys } from "./changed.ts";
import { closure, followers, opponents } from "./graph.ts";
import type { Reach } from "./reach.ts";
import type { Unit } from "./unit.ts";

/**
 * What a reload does to a unit. `live`: its new settings hold from now on, and no process is touched. `handover` and `restart`:
 * a new process takes the place of the one that runs, without downtime or with it.
 */
export type Action = "nothing" | "live" | "handover" | "restart" | "start" | "stop";

/** `keys` are those that changed, as a file writes them. `reason`: what the keys do not say. Shape: `restarted with redis`. */
export type UnitPlan = Readonly<{ unit: string; action: Action; keys: readonly string[]; reason: string | null }>;

/** What it does to the settings below config/. `reason`: why some of them wait for a reload of the services. */
export type ConfigPlan = Readonly<{ action: "nothing" | "live"; keys: readonly string[]; reason: string | null }>;

/** What a reload would do, unit by unit in the order of their names. */
export type Plan = Readonly<{ units: readonly UnitPlan[]; config: ConfigPlan }>;

/** `running`: it has a process that serves or is about to. `broken`: it is to be up and is not. `resting`: it is not to be. */
export type Standing = "running" | "broken" | "resting";

/** A unit as it is loaded, and the definitions that its processes were started with. */
export type Known = Readonly<{ unit: Unit; standing: Standing; started: readonly Unit[] }>;

/**
 * Compares what is loaded and what runs with what the files say now.
 * A process is compared with the definition it was started with: one that a handover kept is handed over again, and a file
 * that says again what its process runs with costs nothing. Sockets are compared with their placeholders filled in, if the caller did so.
 */
export function planUnits(before: readonly Known[], after: readonly Unit[]): readonly UnitPlan[] {
  const known = new Map(before.map((one) => [one.unit.name, one]));
  const names = new Set(after.map(({ name }) => name));
  const own = [
    ...after.map((unit) => planOne(known.get(unit.name), unit)),
    ...before
      .filter(({ unit }) => !names.has(unit.name))
      .map(({ unit }) => planned(unit.name, "stop", [], "its file is gone")),
  ];
  const plans = new Map(own.map((one) => [one.unit, one]));
  const set = { known, after, plans };
  startNeeds(set);
  stopOpponents(set);
  restartFollowers(set);
  return [...plans.values()].sort((a, b) => (a.unit < b.unit ? -1 : 1));
}

function planned(unit: string, action: Action, keys: readonly string[] = [], reason: string | null = null): UnitPlan {
  return { unit, action, keys, reason };
}

function planOne(known: Known | undefined, after: Unit): UnitPlan {
  const { name, enabled } = after;
  if (!known) {
    return enabled
      ? planned(name, "start", [], "its file is new")
      : planned(name, "live", [], "its file is new, and it is not enabled");
  }
  const changes = changedKeys(known.unit, after);
  if (known.standing === "running") return planRunning(known, after, changes);
  const keys = changes.map(({ key }) => key);
  const isEnabledNow = enabled && !known.unit.enabled;
  const isTriedAgain = known.standing === "broken" && changes.some(({ reach }) => reach !== "live");
  return planned(name, isEnabledNow || isTriedAgain ? "start" : keys.length > 0 ? "live" : "nothing", keys);
}

/** What a process has from its start is compared with what it was started with, everything else with what is loaded. */
function planRunning({ unit, started }: Known, after: Unit, changes: readonly ChangedKey[]): UnitPlan {
  const stale = outdatedKeys(started, after);
  const live = changes.filter(({ reach }) => !renews(reach)).map(({ key }) => key);
  const reloaded = changes.map(({ key }) => key).filter((key) => live.includes(key) || stale.includes(key));
  const keys = [...new Set([...reloaded, ...stale])];
  if (stale.length > 0) return planned(unit.name, isHandedOver(after) ? "handover" : "restart", keys);
  const reason = changes.some(({ reach }) => reach === "told") ? readAnew : null;
  return planned(unit.name, keys.length > 0 || changes.length > 0 ? "live" : "nothing", keys, reason);
}

/** Whether a change of that reach takes a new process. */
const renews = (reach: Reach): boolean => reach === "process" || reach === "listener";

/** The reason of a plan whose processes are told to read their settings. */
export const readAnew = "its processes read their settings anew";

/** The keys that processes have from their start and that the unit says otherwise now. */
export function outdatedKeys(started: readonly Unit[], now: Unit): readonly string[] {
  const changes = started.flatMap((one) => (one === now ? [] : changedKeys(one, now)));
  return [...new Set(changes.filter(({ reach }) => renews(reach)).map(({ key }) => key))];
}

function isHandedOver({ service }: Unit): boolean {
  return service.reloadMode === "handover" && service.type === "notify";
}

type Planning = Readonly<{
  known: ReadonlyMap<string, Known>;
  after: readonly Unit[];
  plans: Map<string, UnitPlan>;
}>;

/** Whoever starts needs others, and whoever runs may need others than before: those are started, too. */
function startNeeds({ known, after, plans }: Planning): void {
  const starting = namesWith(plans, "start");
  for (const unit of after) {
    const { name } = unit;
    const now = known.get(name);
    const roots = starting.includes(name) ? [name] : now?.standing === "running" ? gained(now.unit, unit) : [];
    for (const need of roots.length > 0 ? closure(after, roots) : []) {
      if (known.get(need)?.standing === "running" || plans.get(need)?.action === "start") continue;
      plans.set(need, {
        ...(plans.get(need) ?? planned(need, "nothing")),
        action: "start",
        reason: `needed by ${name}`,
      });
    }
  }
}

const needsOf = ({ requires, bindsTo, wants }: Unit) => [...requires, ...bindsTo, ...wants];

function gained(before: Unit, after: Unit): readonly string[] {
  return needsOf(after).filter((name) => !needsOf(before).includes(name));
}

function stopOpponents({ known, after, plans }: Planning): void {
  const starting = namesWith(plans, "start");
  for (const name of starting) {
    const enemies = opponents(after, [name]).filter((enemy) => !starting.includes(enemy));
    for (const unit of [...enemies, ...followers(after, enemies)]) {
      if (known.get(unit)?.standing === "resting" || !known.has(unit) || starting.includes(unit)) continue;
      const { keys = [] } = plans.get(unit) ?? {};
      plans.set(unit, planned(unit, "stop", keys, `cannot be up beside ${name}`));
    }
  }
}

function restartFollowers({ known, after, plans }: Planning): void {
  for (const name of namesWith(plans, "restart")) {
    for (const unit of followers(after, [name])) {
      const plan = plans.get(unit) ?? planned(unit, "nothing");
      if (known.get(unit)?.standing !== "running" || plan.action === "stop" || plan.action === "restart") continue;
      plans.set(unit, { ...plan, action: "restart", reason: `restarted with ${name}` });
    }
  }
}

function namesWith(plans: ReadonlyMap<string, UnitPlan>, action: Action): readonly string[] {
  return [...plans.values()].filter((plan) => plan.action === action).map(({ unit }) => unit);
}
