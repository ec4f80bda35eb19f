import type { Unit } from "../../supervisor/unit/unit.ts";
import { makeUnit } from "../support/units.ts";
import type { Random } from "./random.ts";

/** One to five units, each ordered only after earlier ones, so that the graph has no cycle. */
export function drawUnits(random: Random): readonly Unit[] {
  const count = 1 + random.below(5);
  const names = Array.from({ length: count }, (_, index) => `u${index}`);
  return names.map((name, index) => {
    const earlier = names.slice(0, index);
    const requires = earlier.filter(() => random.chance(30));
    const wants = earlier.filter((other) => !requires.includes(other) && random.chance(20));
    return makeUnit(name, {
      requires,
      wants,
      after: [...requires, ...wants],
      service: {
        type: random.pick(["notify", "notify", "simple"]),
        instances: random.pick([1, 1, 1, 2]),
        restart: random.pick(["always", "always", "on-failure", "on-success", "on-abnormal", "no"]),
        restartMs: random.pick([0, 100, 2_000]),
        restartSteps: random.pick([0, 4]),
        startLimitBurst: random.pick([0, 3, 5]),
        timeoutStartMs: random.pick([300, 2_000]),
        timeoutStopMs: random.pick([500, 3_000]),
        killMode: random.pick(["control-group", "control-group", "mixed", "process"]),
      },
      handover: { soakMs: random.pick([0, 300, 1_000]), drainMs: random.pick([200, 5_000]) },
    });
  });
}
