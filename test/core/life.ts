import type { Event } from "../../supervisor/core/event.ts";
import type { Exit, Survivor } from "../../supervisor/core/facts.ts";
import { fresh, nextDeadline, type State } from "../../supervisor/core/state.ts";
import { step } from "../../supervisor/core/step.ts";
import type { SignalName, Unit } from "../../supervisor/unit/unit.ts";
import { line } from "./line.ts";

/** More deadlines in one span than any life has; a machine that stands still at one is noticed. */
const mostDeadlines = 100;

/** One instance on a virtual clock, without the graph: the test opens the gates itself. Its processes are `i1`, `i2`, …. */
export class Life {
  readonly unit: Unit;
  state: State;
  now = 0;
  roll = 0;
  #minted = 0;

  constructor(unit: Unit, state: State = fresh) {
    this.unit = unit;
    this.state = state;
  }

  /** Lets one thing happen. Shape: what is to be done about it, one line each. */
  send(event: Event): readonly string[] {
    const tick = { now: this.now, roll: this.roll, nonce: "" };
    const { state, effects } = step({ unit: this.unit, tick, mint: `i${this.#minted + 1}` }, this.state, event);
    if (effects.some(({ tag }) => tag === "spawn" || tag === "command")) this.#minted++;
    this.state = state;
    return effects.map(line);
  }

  /** Lets time go by; each deadline on the way is told at its own instant. */
  pass(spanMs: number): readonly string[] {
    const end = this.now + spanMs;
    const lines: string[] = [];
    for (let count = 0; ; count++) {
      const due = nextDeadline(this.state);
      if (due === null || due > end) break;
      if (count === mostDeadlines) throw new Error(`a deadline at ${due} moves nothing`);
      this.now = Math.max(this.now, due);
      lines.push(...this.send({ tag: "deadline" }));
    }
    this.now = end;
    return lines;
  }

  start(): readonly string[] {
    return [...this.send({ tag: "want-up" }), ...this.send({ tag: "launch" })];
  }

  /** Started, and ready 10 ms later. */
  up(): readonly string[] {
    const started = [...this.start(), ...this.spawned("i1", 101)];
    this.now += 10;
    return [...started, ...this.ready("i1")];
  }

  /** A handover is asked for and its gate opens. */
  reload(): readonly string[] {
    return [...this.send({ tag: "want-reload" }), ...this.send({ tag: "replace" })];
  }

  stop(): readonly string[] {
    return [...this.send({ tag: "want-down" }), ...this.send({ tag: "halt" })];
  }

  restart(): readonly string[] {
    return [...this.send({ tag: "want-restart" }), ...this.send({ tag: "halt" })];
  }

  spawned(invocation: string, pid: number): readonly string[] {
    return this.send({ tag: "spawned", invocation, pid });
  }

  spawnFailed(invocation: string): readonly string[] {
    return this.send({ tag: "spawn-failed", invocation, stage: "exec", code: "ENOENT", message: "no such file" });
  }

  ready(invocation: string): readonly string[] {
    return this.send({ tag: "ready", invocation });
  }

  exit(invocation: string, how: number | SignalName = 0, survivors: readonly Survivor[] = []): readonly string[] {
    const exit: Exit =
      typeof how === "number" ? { by: "code", code: how } : { by: "signal", signal: how, core: how === "SIGSEGV" };
    return this.send({ tag: "exited", invocation, exit, survivors });
  }

  emptied(invocation: string): readonly string[] {
    return this.send({ tag: "emptied", invocation });
  }
}
