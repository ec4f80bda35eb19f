import { type Finding, recover } from "../core/recover.ts";
import { type Run, runs } from "../core/state.ts";
import type { Deed, Whom, World } from "../core/world.ts";
import { type Told, told } from "./happening.ts";
import type { Outputs, ProcessEvent, Processes } from "./ports.ts";
import type { Left } from "./state-log.ts";

export type AdoptOptions = Readonly<{
  processes: Pick<Processes, "adopt" | "letGo">;
  outputs: Pick<Outputs, "adopt" | "flush">;
  note: (one: Told, pid: number | null) => void;
}>;

/** What is to be done, and then to be heard, before the daemon goes on as always. */
export type Resumed = Readonly<{ deeds: readonly Deed[]; events: readonly ProcessEvent[] }>;

/** Goes on with the processes of another daemon: takes over whoever is there, with the output, and finds out what is still to be done. */
export function adopt(world: World, left: Left, options: AdoptOptions): Resumed {
  const found = new Map<string, Finding>();
  for (const [unit, { instances }] of world.units) {
    for (const [index, state] of instances.entries()) {
      for (const run of runs(state))
        found.set(run.invocation, take(world, { unit, instance: index + 1 }, run, options));
    }
  }
  const find = ({ invocation }: Run): Finding => found.get(invocation) ?? nobody;
  const { deeds, facts } = recover(world, { find, isDone: left.isDone });
  const events = facts.flatMap((fact): ProcessEvent[] => {
    switch (fact.tag) {
      case "spawned":
        return [{ ...fact, startTicks: 0 }];
      case "main-pid":
      case "exited":
      case "emptied":
        return [fact];
      default:
        return [];
    }
  });
  return { deeds, events };
}

const nobody: Finding = { tag: "gone", exit: { by: "unknown" } };

function take(world: World, whom: Whom, run: Run, { processes, outputs, note }: AdoptOptions): Finding {
  const { invocation, generation } = run;
  const unit = world.units.get(whom.unit)?.unit;
  const { found, output } = processes.adopt(invocation, run.pid);
  const pid = found.tag === "alive" ? found.pid : null;
  const about = { unit: whom.unit, instance: whom.instance, invocation, generation };
  if (unit && output) {
    const taken = outputs.adopt(unit, whom.instance, invocation, { ...output, pid: pid ?? run.pid, generation });
    if (taken.ok && taken.value.wasFull) {
      const text = `${whom.unit} may have waited: what it printed has filled its pipe while no supervisor was there`;
      note({ ...told("warn", "output.full", text), ...about }, pid);
    }
  }
  if (found.tag === "gone") {
    // In this order: should we be killed in between, the next one finds it once more.
    outputs.flush(invocation);
    processes.letGo(invocation);
  }
  if (pid !== null) note({ ...told("info", "service.adopted", `${whom.unit} runs on: pid ${pid}`), ...about }, pid);
  return found;
}
