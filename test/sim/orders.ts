import type { Event } from "../../supervisor/core/event.ts";
import type { Wish, WorldEvent } from "../../supervisor/core/world.ts";
import { closure, followers } from "../../supervisor/unit/graph.ts";
import type { Unit } from "../../supervisor/unit/unit.ts";
import type { Random } from "./random.ts";

/** What somebody asks for, of some unit. */
export function drawOrder(random: Random, units: readonly Unit[]): WorldEvent {
  const names = units.map((unit) => unit.name);
  const name = names[random.below(names.length)] ?? "";
  if (random.chance(8)) return { tag: "scale", unit: name, count: 1 + random.below(3) };
  const tag = random.pick<Event["tag"]>([
    "want-up",
    "want-up",
    "want-reload",
    "want-reload",
    "want-reload",
    "want-restart",
    "want-reload-command",
    "want-down",
    "reset-failed",
  ]);
  switch (tag) {
    case "want-up":
      return { tag: "order", units: closure(units, [name]), event: { tag } };
    case "want-reload":
      return { tag: "order", units: random.chance(50) ? names : [name], event: { tag } };
    case "want-down":
    case "want-restart":
      return { tag: "order", units: [name, ...followers(units, [name])], event: { tag } };
    case "want-reload-command":
      return { tag: "order", units: [name], event: { tag } };
    default:
      return { tag: "order", units: [name], event: { tag: "reset-failed" } };
  }
}

/** Who is gone is stopped, who is new is started, who has changed is handed over. */
export function reconfigureTo(next: readonly Unit[], before: readonly Unit[]): WorldEvent {
  const was = new Map(before.map((unit) => [unit.name, unit]));
  const named = (units: readonly Unit[], test: (unit: Unit) => boolean) => units.filter(test).map(({ name }) => name);
  const order = (tag: Event["tag"], names: readonly string[]): Wish[] =>
    names.length > 0 ? [{ tag: "order", units: names, event: { tag } as Event }] : [];
  const changed = next.filter((unit) => was.has(unit.name) && was.get(unit.name) !== unit);
  return {
    tag: "reconfigure",
    units: next,
    wishes: [
      ...changed.map(({ name, service }): Wish => ({ tag: "scale", unit: name, count: service.instances })),
      ...order(
        "want-down",
        named(before, ({ name }) => !next.some((unit) => unit.name === name)),
      ),
      ...order(
        "want-up",
        closure(
          next,
          named(next, ({ name }) => !was.has(name)),
        ),
      ),
      ...order(
        "want-reload",
        named(changed, () => true),
      ),
    ],
  };
}
