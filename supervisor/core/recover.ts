import { unreachable } from "../unit/fault.ts";
import type { Unit } from "../unit/unit.ts";
import { commandEffect } from "./chore.ts";
import type { Effect } from "./effect.ts";
import type { ProcessFact } from "./event.ts";
import type { Exit, Survivor } from "./facts.ts";
import { signalOf } from "./leave.ts";
import { type Run, runs, type State, serving } from "./state.ts";
import type { Deed, Whom, World } from "./world.ts";

/**
 * What was found of a life: its main process runs; that has ended, and others of it are left; nobody is left.
 * `exit`: how it ended, where that can be told.
 */
export type Finding = Readonly<
  | { tag: "alive"; pid: number }
  | { tag: "left"; exit: Exit; survivors: readonly Survivor[] }
  | { tag: "gone"; exit: Exit }
>;

/** Where a world that another daemon has left stands in doubt. */
export type Doubts = Readonly<{
  find: (run: Run) => Finding;
  /** Whether all that was decided for an instance was done as well. */
  isDone: (whom: Whom) => boolean;
}>;

/**
 * What a world that another daemon has left still needs: deeds that it may not have come to, and what has happened to processes
 * since. Nothing of it changes the world by itself; the facts are to be told as always, after the deeds.
 *
 *   it was ordered     and it is found   what follows
 *   no pid is known    nobody            it is ordered again: nobody has seen it run
 *   no pid is known    alive             it was spawned
 *   pid is known       alive             nothing; another main process than was known: that
 *   pid is known       ended             it has ended, and who is left of it is told
 *   told to go         alive             told again, if it may not have been told
 *   told to go         nobody            it has ended; it is gone, where others of it were left
 *   asked by a probe   alive             asked again: the answer went to somebody who is no more
 */
export function recover(
  { units }: World,
  doubts: Doubts,
): Readonly<{ deeds: readonly Deed[]; facts: readonly ProcessFact[] }> {
  const deeds: Deed[] = [];
  const facts: ProcessFact[] = [];
  for (const [name, { unit, instances }] of units) {
    for (const [index, state] of instances.entries()) {
      const whom = { unit: name, instance: index + 1 };
      facts.push(...runs(state).flatMap((run) => factsOf(state, run, doubts.find(run))));
      const effects = effectsOf(unit, state, doubts, doubts.isDone(whom));
      deeds.push(...effects.map((effect): Deed => ({ ...whom, effect })));
    }
  }
  return { deeds, facts };
}

function factsOf(state: State, run: Run, found: Finding): readonly ProcessFact[] {
  const { invocation, pid } = run;
  const told = state.leaving.find((one) => one.run.invocation === invocation);
  if (!run.exists || (told === undefined && isUnseen(run, found))) return [];
  switch (found.tag) {
    case "alive":
      if (pid === found.pid) return [];
      return [{ tag: pid === null ? "spawned" : "main-pid", invocation, pid: found.pid }];
    case "left":
      return told?.orphaned ? [] : [{ tag: "exited", invocation, exit: found.exit, survivors: found.survivors }];
    case "gone":
      if (told?.orphaned) return [{ tag: "emptied", invocation }];
      return [{ tag: "exited", invocation, exit: found.exit, survivors: [] }];
    default:
      return unreachable(found);
  }
}

/** It was ordered, and nobody knows of a process. */
const isUnseen = ({ pid }: Run, found: Finding): boolean => pid === null && found.tag === "gone";

function effectsOf(unit: Unit, state: State, { find }: Doubts, isDone: boolean): readonly Effect[] {
  const { chore, leaving } = state;
  const unseen = (run: Run): boolean => run.exists && isUnseen(run, find(run));
  const again = serving(state)
    .filter(unseen)
    .map(
      ({ invocation, generation, program }): Effect => ({
        tag: "spawn",
        invocation,
        generation,
        program: program.life,
      }),
    );
  const beneficiary = runs(state).find((run) => run.invocation === chore?.of);
  const command = chore && unseen(chore.run) ? [commandEffect(state, chore, beneficiary?.pid ?? null)] : [];
  const unsure = isDone ? [] : leaving.filter((one) => !one.held && find(one.run).tag !== "gone");
  const told = unsure.map((one) => signalOf(unit, one));
  return [...again, ...command, ...told, ...serving(state).flatMap((run) => questions(run, find(run)))];
}

/** The probes whose answers are awaited. */
function questions({ invocation, probes }: Run, found: Finding): readonly Effect[] {
  if (found.tag !== "alive") return [];
  const kinds = ["startup", "readiness", "liveness"] as const;
  return kinds.filter((kind) => probes[kind]?.asked != null).map((kind): Effect => ({ tag: "ask", invocation, kind }));
}
