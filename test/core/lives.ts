import { drive } from "../../supervisor/core/drive.ts";
import type { Event, ProcessFact } from "../../supervisor/core/event.ts";
import type { Exit, Survivor } from "../../supervisor/core/facts.ts";
import { runs, type State } from "../../supervisor/core/state.ts";
import { createWorld, type World, type WorldEvent, worldDeadline } from "../../supervisor/core/world.ts";
import type { SignalName, Unit } from "../../supervisor/unit/unit.ts";
import { line } from "./line.ts";

type Way = "ready" | "spawned" | "emptied";

/** More deadlines in one span than any life has; a machine that stands still at one is noticed. */
const mostDeadlines = 200;

/** A world on a virtual clock: the gates open by themselves, the processes do what the test says. */
export class Lives {
  world: World;
  now = 0;

  constructor(...units: readonly Unit[]) {
    this.world = createWorld(units);
  }

  /** Shape: `api@1 spawn i2 g1`, for each thing that is to be done. */
  post(event: WorldEvent): readonly string[] {
    const { world, deeds } = drive(this.world, event, { now: this.now, roll: 0, nonce: "0".repeat(24) });
    this.world = world;
    return deeds.map(({ unit, instance, effect }) => `${unit}@${instance} ${line(effect)}`);
  }

  order(tag: Event["tag"], ...units: readonly string[]): readonly string[] {
    return this.post({ tag: "order", units, event: { tag } as Event });
  }

  /** Lets time go by; each deadline on the way is told at its own instant. */
  pass(spanMs: number): readonly string[] {
    const end = this.now + spanMs;
    const lines: string[] = [];
    for (let count = 0; ; count++) {
      const due = worldDeadline(this.world);
      if (due === null || due > end) break;
      if (count === mostDeadlines) throw new Error(`a deadline at ${due} moves nothing`);
      this.now = Math.max(this.now, due);
      lines.push(...this.post({ tag: "deadline" }));
    }
    this.now = end;
    return lines;
  }

  /** The newest process of the instance says so. Shape: `say("ready", "api@1")`. */
  say(tag: Way, ...whom: readonly string[]): readonly string[] {
    return whom.flatMap((name) => {
      const invocation = this.newest(name);
      return this.tell(tag === "spawned" ? { tag, invocation, pid: 100 } : { tag, invocation });
    });
  }

  /** The newest process of the instance ends. */
  exit(whom: string, how: number | SignalName = 0, survivors: readonly Survivor[] = []): readonly string[] {
    return this.exitOf(this.newest(whom), how, survivors);
  }

  exitOf(invocation: string, how: number | SignalName = 0, survivors: readonly Survivor[] = []): readonly string[] {
    const exit: Exit = typeof how === "number" ? { by: "code", code: how } : { by: "signal", signal: how, core: false };
    return this.tell({ tag: "exited", invocation, exit, survivors });
  }

  tell(fact: ProcessFact): readonly string[] {
    return this.post({ tag: "fact", fact });
  }

  /** Shape: `state("api@2")`; `api` means `api@1`. */
  state(whom: string): State {
    const [unit = "", instance = "1"] = whom.split("@");
    const state = this.world.units.get(unit)?.instances[Number(instance) - 1];
    if (!state) throw new Error(`there is no ${whom}`);
    return state;
  }

  /** Shape: `api starting, redis running`. */
  get phases(): string {
    const entries = [...this.world.units].flatMap(([name, { instances }]) =>
      instances.map((state, index) => `${instances.length > 1 ? `${name}@${index + 1}` : name} ${state.phase.tag}`),
    );
    return entries.join(", ");
  }

  newest(whom: string): string {
    const [newest] = runs(this.state(whom))
      .map((run) => run.invocation)
      .sort()
      .reverse();
    if (newest === undefined) throw new Error(`${whom} has no process`);
    return newest;
  }
}
