import type { Event, Tick } from "./event.ts";
import { gates } from "./gates.ts";
import { nextDeadline, type State } from "./state.ts";
import { step } from "./step.ts";
import { type Deed, ownerOf, type Turn, type UnitState, type Whom, type World, type WorldEvent } from "./world.ts";

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
      return event.units.reduce((before, name) => tell(before, name, event.event, tick), { world, deeds: [] } as Turn);
    case "fact": {
      const owner = ownerOf(world, event.fact.invocation);
      return owner ? apply({ world, deeds: [] }, owner, event.fact, tick) : { world, deeds: [] };
    }
    case "deadline":
      return [...world.units.keys()].reduce((before, name) => tellDue(before, name, tick), {
        world,
        deeds: [],
      } as Turn);
  }
}

function settle(turned: Turn, tick: Tick): Turn {
  let now = turned;
  for (let open = gates(now.world); open.length > 0; open = gates(now.world)) {
    now = open.reduce((before, gate) => apply(before, gate, { tag: gate.event }, tick), now);
  }
  return now;
}

function tell(turned: Turn, name: string, event: Event, tick: Tick): Turn {
  const instances = turned.world.units.get(name)?.instances ?? [];
  return instances.reduce(
    (before, _, index) => apply(before, { unit: name, instance: index + 1 }, event, tick),
    turned,
  );
}

function tellDue(turned: Turn, name: string, tick: Tick): Turn {
  const instances = turned.world.units.get(name)?.instances ?? [];
  return instances.reduce((before, state, index) => {
    const due = nextDeadline(state);
    if (due === null || due > tick.now) return before;
    return apply(before, { unit: name, instance: index + 1 }, { tag: "deadline" }, tick);
  }, turned);
}

function apply(turned: Turn, { unit: name, instance }: Whom, event: Event, tick: Tick): Turn {
  const { world, deeds } = turned;
  const entry = world.units.get(name);
  const state = entry?.instances[instance - 1];
  if (!entry || !state) return turned;
  const mint = `${tick.nonce}${(world.minted >>> 0).toString(16).padStart(8, "0")}`;
  const next = step({ unit: entry.unit, tick, mint }, state, event);
  const minted = next.effects.some((effect) => effect.tag === "spawn") ? world.minted + 1 : world.minted;
  const units = next.state === state ? world.units : replace(world.units, entry, instance, next.state);
  const done = next.effects.map((effect): Deed => ({ unit: name, instance, effect }));
  return { world: { ...world, units, minted }, deeds: done.length === 0 ? deeds : [...deeds, ...done] };
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
