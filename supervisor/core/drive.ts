import type { Event, Tick } from "./event.ts";
import { gateOf, gates } from "./gates.ts";
import { reconfigured } from "./reconfigure.ts";
import { retarget, trim } from "./scale.ts";
import { nextDeadline, runs, type State } from "./state.ts";
import { step } from "./step.ts";
import {
  type Deed,
  dueAt,
  ownerOf,
  selected,
  stateOf,
  type Turn,
  type UnitState,
  type Whom,
  type World,
  type WorldEvent,
} from "./world.ts";

/**
 * One turn: first the event reaches whom it concerns, then the graph's gates open for everybody who may go on, until
 * nothing moves any more. Wishes are therefore complete before anything acts on them.
 * Source: dinit's two phases, propagate and execute.
 */
export function drive(world: World, event: WorldEvent, tick: Tick): Turn {
  const first = deliver(world, event, tick);
  return settle(first, tick);
}

function deliver(world: World, event: WorldEvent, tick: Tick): Turn {
  switch (event.tag) {
    case "order":
      return event.units.reduce((before, name) => tell(before, name, event.event, tick), still(world));
    case "scale":
      return scale(world, event, tick);
    case "reconfigure":
      return event.wishes.reduce(
        (before, wish) => chain(before, deliver(before.world, wish, tick)),
        still(reconfigured(world, event.units, tick)),
      );
    case "fact": {
      const owner = ownerOf(world, event.fact.invocation);
      return owner ? apply(still(world), owner, event.fact, tick) : still(world);
    }
    case "deadline":
      return [...world.units.values()]
        .filter((entry) => dueAt(entry) <= tick.now)
        .reduce((before, { unit }) => tellDue(before, unit.name, tick), still(world));
  }
}

const still = (world: World): Turn => ({ world, deeds: [] });

const chain = (first: Turn, then: Turn): Turn => ({ world: then.world, deeds: [...first.deeds, ...then.deeds] });

function settle(turned: Turn, tick: Tick): Turn {
  let now = { ...turned, world: trim(turned.world) };
  for (let open = gates(now.world); open.length > 0; open = gates(now.world)) {
    const moved = open.reduce((before, whom) => pass(before, whom, tick), now);
    now = { ...moved, world: trim(moved.world) };
  }
  const { units, graph, shut } = now.world;
  if (units === shut.units && graph === shut.graph) return now;
  return { ...now, world: { ...now.world, shut: { units, graph } } };
}

/** Goes through an instance's gate, if those who went before have not closed it. */
function pass(turned: Turn, { unit, instance }: Whom, tick: Tick): Turn {
  const gate = gateOf(turned.world, { unit, instance });
  return gate ? apply(turned, gate, gate.event, tick) : turned;
}

/** An instance that is on its way out hears no wish to stay. */
function tell(turned: Turn, name: string, event: Event, tick: Tick): Turn {
  const target = turned.world.units.get(name.split("@")[0] ?? "")?.target ?? 0;
  return selected(turned.world, name)
    .filter((whom) => whom.instance <= target || event.tag === "want-down")
    .reduce((before, whom) => apply(before, whom, event, tick), turned);
}

/** New instances want what the first one wants; those beyond the new number are to go. */
function scale(world: World, { unit, count }: Extract<WorldEvent, { tag: "scale" }>, tick: Tick): Turn {
  const isUp = world.units.get(unit)?.instances[0]?.wanted === "up";
  return selected(retarget(world, unit, count), unit).reduce(
    (before, whom) => {
      if (whom.instance > count) return apply(before, whom, { tag: "want-down" }, tick);
      const isNew = stateOf(world, whom) === undefined || stateOf(before.world, whom)?.wanted === "down";
      return isUp && isNew ? apply(before, whom, { tag: "want-up" }, tick) : before;
    },
    still(retarget(world, unit, count)),
  );
}

function tellDue(turned: Turn, name: string, tick: Tick): Turn {
  return selected(turned.world, name).reduce((before, whom) => tellUntilDone(before, whom, tick), turned);
}

/** What becomes of one deadline may be due at once: a kept generation may have run for as long as it may. */
const mostDeadlinesAtOnce = 8;

function tellUntilDone(turned: Turn, whom: Whom, tick: Tick): Turn {
  let now = turned;
  for (let times = 0; times < mostDeadlinesAtOnce; times++) {
    const state = stateOf(now.world, whom);
    const due = state && nextDeadline(state);
    if (due === null || due === undefined || due > tick.now) return now;
    now = apply(now, whom, { tag: "deadline" }, tick);
  }
  return now;
}

function apply(turned: Turn, { unit: name, instance }: Whom, event: Event, tick: Tick): Turn {
  const { world, deeds } = turned;
  const entry = world.units.get(name);
  const state = entry?.instances[instance - 1];
  if (!entry || !state) return turned;
  const mint = `${tick.nonce}${(world.minted >>> 0).toString(16).padStart(8, "0")}`;
  const next = step({ unit: entry.unit, tick, mint }, state, event);
  const minted = next.state !== state && isTaken(next.state, mint) ? world.minted + 1 : world.minted;
  const units = next.state === state ? world.units : replace(world.units, entry, instance, next.state);
  const done = next.effects.map((effect): Deed => ({ unit: name, instance, effect }));
  return { world: { ...world, units, minted }, deeds: done.length === 0 ? deeds : [...deeds, ...done] };
}

/** Whether a life has got this turn's name, or one made of it. */
function isTaken(state: State, mint: string): boolean {
  return runs(state).some((run) => run.invocation.startsWith(mint));
}

function replace(
  units: World["units"],
  entry: UnitState,
  instance: number,
  state: State,
): ReadonlyMap<string, UnitState> {
  const instances = entry.instances.map((other, index) => (index === instance - 1 ? state : other));
  return new Map(units).set(entry.unit.name, { ...entry, instances });
}
