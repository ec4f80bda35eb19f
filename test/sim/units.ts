import type { Argv, Probe, Service, ServiceType, Unit } from "../../supervisor/unit/unit.ts";
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
    const bindsTo = earlier.filter((other) => !requires.includes(other) && random.chance(10));
    const conflicts = earlier.filter(
      (other) => !requires.includes(other) && !wants.includes(other) && !bindsTo.includes(other) && random.chance(8),
    );
    const partOf = earlier.filter((other) => !conflicts.includes(other) && random.chance(10));
    const type = random.pick<ServiceType>(["notify", "notify", "notify", "simple", "oneshot"]);
    return makeUnit(name, {
      requires,
      wants,
      bindsTo,
      partOf,
      conflicts,
      after: [...requires, ...wants, ...bindsTo],
      probes: drawProbes(random, type),
      service: {
        type,
        ...drawCommands(random),
        instances: random.pick([1, 1, 1, 2]),
        restart: random.pick(
          type === "oneshot"
            ? ["no", "on-failure", "on-abnormal"]
            : ["always", "always", "on-failure", "on-success", "on-abnormal", "on-watchdog", "no"],
        ),
        runtimeMaxMs: random.chance(15) ? 1 + random.below(30_000) : Number.POSITIVE_INFINITY,
        watchdogMs: random.chance(25) ? 500 : 0,
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

/** Some commands are of two, some may fail. */
function drawCommands(random: Random): Partial<Service> {
  const draw = (percent: number): readonly Argv[] => {
    if (!random.chance(percent)) return [];
    return random.chance(30) ? [["a"], ["-b"]] : [["a"]];
  };
  return {
    execStartPre: draw(15),
    execStartPost: draw(25),
    execReload: draw(30),
    execStop: draw(12),
    execStopPost: draw(12),
  };
}

function drawProbes(random: Random, type: ServiceType): Unit["probes"] {
  if (type === "oneshot") return {};
  return {
    ...(random.chance(12) && { startup: drawProbe(random) }),
    ...(random.chance(25) && { readiness: drawProbe(random) }),
    ...(random.chance(20) && { liveness: drawProbe(random) }),
  };
}

function drawProbe(random: Random): Probe {
  return {
    ask: { tag: "tcp", host: "127.0.0.1", port: 1 },
    initialDelayMs: random.pick([0, 0, 200]),
    periodMs: random.pick([400, 3_000, 10_000]),
    timeoutMs: 100,
    failureThreshold: random.pick([1, 2, 3]),
    successThreshold: random.pick([1, 1, 2]),
  };
}
