import type { Effect, Report } from "../core/effect.ts";
import { runs } from "../core/state.ts";
import { type Deed, stateOf, type Whom, type World } from "../core/world.ts";
import type { Unit } from "../unit/unit.ts";
import type { HeldStarts } from "./held-starts.ts";
import type { Answer, Probing, ProcessEvent, Processes } from "./ports.ts";
import { type Given, type Prepared, prepareCommand, prepareMain, type Supplies } from "./prepare.ts";
import { questionOf } from "./question.ts";

export type PerformOptions = Supplies &
  Readonly<{
    world: () => World;
    processes: Processes;
    /** Starts that wait for the keys of their credentials. */
    held: HeldStarts;
    probing: Probing;
    /** Takes the answer of a deed that failed before it reached a port. */
    answer: (event: ProcessEvent) => void;
    /** Takes the answer to a question that could not be asked. */
    answered: (answer: Answer) => void;
    report: (whom: Whom, report: Report) => void;
  }>;

/** Makes decisions happen. Returns nothing: what comes of a deed comes back as an event. */
export function createPerform(options: PerformOptions): (deed: Deed) => void {
  const spawn = (unit: Unit, invocation: string, prepare: (given: Given) => Prepared): void => {
    const start = (keys: Given["keys"]): void => {
      const made = prepare({ world: options.world(), keys });
      if (made.ok) options.processes.spawn(made.order);
      else options.answer({ tag: "spawn-failed", invocation, ...made.refusal });
    };
    const keys = options.credentials.keys(unit);
    if (keys instanceof Promise) options.held.hold(invocation, keys, start);
    else start(keys);
  };
  const performFor = (unit: Unit, instance: number, effect: Effect): void => {
    switch (effect.tag) {
      case "spawn":
        spawn(unit, effect.invocation, (given) => prepareMain(options, { unit, instance }, effect, given));
        break;
      case "command":
        spawn(unit, effect.invocation, (given) => prepareCommand(options, { unit, instance }, effect, given));
        break;
      case "ask": {
        const pid = pidOf(options.world(), { unit: unit.name, instance }, effect.invocation);
        const asked = questionOf(options, { unit, instance, pid, effect });
        if ("ask" in asked) options.probing.ask(asked);
        else options.answered(asked);
        break;
      }
      case "signal":
        if (!options.held.drop(effect.invocation))
          options.processes.signal(effect.invocation, effect.signal, effect.scope);
        break;
      case "report":
        if (effect.report.tag === "ready") options.sockets.assertBacklogs(unit);
    }
  };
  return ({ unit: name, instance, effect }) => {
    const unit = options.world().units.get(name)?.unit;
    if (unit) performFor(unit, instance, effect);
    // Told also of a unit that has left the world by the very turn that it speaks of.
    if (effect.tag === "report") options.report({ unit: name, instance }, effect.report);
  };
}

function pidOf(world: World, whom: Whom, invocation: string): number | null {
  const state = stateOf(world, whom);
  return (state && runs(state).find((run) => run.invocation === invocation)?.pid) ?? null;
}
