import { withoutTolerance } from "../unit/tolerance.ts";
import type { Argv, Service } from "../unit/unit.ts";
import { type Cause, result } from "./cause.ts";
import type { Effect } from "./effect.ts";
import type { ChoreKind, InvocationId } from "./facts.ts";
import { type Chore, type Run, runs, type State } from "./state.ts";
import { type Context, newRun, perform, type Step, set } from "./turn.ts";

/** A unit's commands of one kind, in the order in which they are run. */
export function commandsOf(service: Service, kind: ChoreKind): readonly Argv[] {
  switch (kind) {
    case "start-pre":
      return service.execStartPre;
    case "start-post":
      return service.execStartPost;
    case "reload":
      return service.execReload;
    case "stop":
      return service.execStop;
    case "stop-post":
      return service.execStopPost;
  }
}

/** Whom a command is run for: a life, and its main process while there is one. */
export type Beneficiary = Readonly<Pick<Run, "generation" | "pid"> & { invocation: InvocationId | null }>;

/** Runs the unit's commands of a kind, one after the other. Null: it has none. */
export function beginChore(context: Context, step: Step, kind: ChoreKind, of: Beneficiary): Step | null {
  return run(context, step, { kind, index: 0, of });
}

/** Runs the command after this one. Null: it was the last. */
export function nextCommand(context: Context, step: Step, chore: Chore): Step | null {
  const { kind, index, of: invocation } = chore;
  const pid = runs(step.state).find((one) => one.invocation === invocation)?.pid ?? null;
  return run(context, step, { kind, index: index + 1, of: { invocation, pid, generation: chore.run.generation } });
}

type Command = Readonly<{ kind: ChoreKind; index: number; of: Beneficiary }>;

function run(context: Context, step: Step, { kind, index, of }: Command): Step | null {
  const { mint, tick, unit } = context;
  if (index >= commandsOf(unit.service, kind).length) return null;
  const { invocation, generation, pid } = of;
  const own: Run = { ...newRun(context, generation), invocation: `${mint}.${kind}`, exists: true };
  const chore: Chore = { kind, index, run: own, of: invocation, deadline: tick.now + choreLimitMs(unit.service, kind) };
  return perform(set(step, { chore }), commandEffect(step.state, chore, pid));
}

/** What is to be done for a command to run. `pid`: the main process that it is run for. */
export function commandEffect({ cause, lastExit }: State, chore: Chore, pid: number | null): Effect {
  const { kind, index, run, of: invocation } = chore;
  const end = kind === "stop-post" ? { result: result(cause), exit: lastExit?.exit ?? null } : null;
  const which = { invocation: run.invocation, kind, index, generation: run.generation };
  return { tag: "command", ...which, of: { invocation, pid }, end };
}

/** Those of a start have no time of their own: the start as a whole has. Source: systemd.service(5), TimeoutStartSec=. */
export function choreLimitMs({ timeoutStartMs, timeoutStopMs }: Service, kind: ChoreKind): number {
  if (kind === "reload") return timeoutStartMs;
  return kind === "stop" || kind === "stop-post" ? timeoutStopMs : Infinity;
}

/** What a command failed by, or null where it did well: only code 0 does. */
export function failureOf({ unit }: Context, chore: Chore, by: Cause): Extract<Cause, { tag: "command" }> | null {
  const argv = commandsOf(unit.service, chore.kind)[chore.index];
  const program = argv ? withoutTolerance(argv)[0] : "";
  const isFine = by.tag === "exited" && by.exit.by === "code" && by.exit.code === 0;
  return isFine ? null : { tag: "command", kind: chore.kind, program, by };
}
