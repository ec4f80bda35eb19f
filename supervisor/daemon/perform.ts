import type { Effect, Report } from "../core/effect.ts";
import type { SpawnStage } from "../core/facts.ts";
import type { Deed, Whom, World } from "../core/world.ts";
import type { Command } from "../unit/command.ts";
import type { Fault, Outcome } from "../unit/fault.ts";
import { privilegesOf } from "../unit/privileges.ts";
import { resourcesOf } from "../unit/resources.ts";
import type { Unit } from "../unit/unit.ts";
import type { Outputs, ProcessEvent, Processes, SpawnOrder } from "./ports.ts";
import type { Sockets } from "./sockets.ts";

export type PerformOptions = Readonly<{
  world: () => World;
  sockets: Sockets;
  processes: Processes;
  outputs: Outputs;
  /** The command line of one instance; reads the environment files. */
  command: (unit: Unit, instance: number) => Outcome<Command>;
  /** Takes the answer of a deed that failed before it reached a port. */
  answer: (event: ProcessEvent) => void;
  report: (whom: Whom, report: Report) => void;
}>;

type SpawnEffect = Extract<Effect, { tag: "spawn" }>;

/** Makes decisions happen. Returns nothing: what comes of a deed comes back as an event. */
export function createPerform(options: PerformOptions): (deed: Deed) => void {
  return ({ unit: name, instance, effect }) => {
    const unit = options.world().units.get(name)?.unit;
    if (!unit) return;
    switch (effect.tag) {
      case "spawn": {
        const made = prepare(options, unit, instance, effect);
        if (made.ok) options.processes.spawn(made.order);
        else options.answer({ tag: "spawn-failed", invocation: effect.invocation, ...made.refusal });
        break;
      }
      case "signal":
        options.processes.signal(effect.invocation, effect.signal, effect.scope);
        break;
      case "report":
        if (effect.report.tag === "ready") options.sockets.assertBacklogs(unit);
        options.report({ unit: name, instance }, effect.report);
        break;
    }
  };
}

type Prepared =
  | Readonly<{ ok: true; order: SpawnOrder }>
  | Readonly<{ ok: false; refusal: Readonly<{ stage: SpawnStage; code: string; message: string }> }>;

/** Gathers all that a process needs, in the order in which it can go wrong: its sockets, its command line, its output. */
function prepare(options: PerformOptions, unit: Unit, instance: number, effect: SpawnEffect): Prepared {
  const { invocation, generation } = effect;
  const listeners = options.sockets.ensure(unit);
  if (!listeners.ok) return refuse("listen", listeners.faults);
  const command = options.command(unit, instance);
  if (!command.ok) return refuse("command", command.faults);
  const output = options.outputs.open(unit, instance, invocation);
  if (!output.ok) return refuse("output", output.faults);
  const { argv, env, cwd } = command.value;
  const own = {
    INVOCATION_ID: invocation,
    SUPERVISOR_UNIT: unit.name,
    SUPERVISOR_INSTANCE: String(instance),
    SUPERVISOR_GENERATION: String(generation),
    SUPERVISOR_DRAIN_MS: String(Math.min(unit.handover.drainMs, unit.service.timeoutStopMs)),
    ...(unit.service.watchdogMs > 0 && { WATCHDOG_USEC: String(unit.service.watchdogMs * 1000) }),
    ...(replaces(options.world(), { unit: unit.name, instance }, invocation) && { SUPERVISOR_HANDOVER: "1" }),
  };
  const passed = listeners.value.map(({ name, fd }) => ({ name, fd }));
  const common = { invocation, argv, cwd, env: { ...env, ...own }, listeners: passed, ...output.value, notify: true };
  const { service } = unit;
  const bounds = { privileges: privilegesOf(service), resources: resourcesOf(service) };
  return { ok: true, order: { ...common, ...bounds, keeper: `${unit.name}@${instance}` } };
}

/** Whether it is the new generation of a handover, which is to accept nobody before it is ready. */
function replaces(world: World, { unit, instance }: Whom, invocation: string): boolean {
  const phase = world.units.get(unit)?.instances[instance - 1]?.phase;
  return phase?.tag === "replacing" && phase.next.invocation === invocation;
}

function refuse(stage: SpawnStage, faults: readonly Fault[]): Prepared {
  const message = faults.map((fault) => fault.message).join("; ");
  return { ok: false, refusal: { stage, code: faults[0]?.code ?? "", message } };
}
