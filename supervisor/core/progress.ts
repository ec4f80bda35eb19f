import { unreachable } from "../unit/fault.ts";
import { ignoresFailure } from "../unit/tolerance.ts";
import type { Cause } from "./cause.ts";
import { beginChore, choreLimitMs, commandsOf, failureOf, nextCommand } from "./chore.ts";
import type { InvocationId, Survivor } from "./facts.ts";
import { reject, soak } from "./handover.ts";
import { spawn } from "./launch.ts";
import { dismissSurvivors, dropChore, release } from "./leave.ts";
import { isCleared, watch } from "./probe.ts";
import { arrive, blame } from "./rest.ts";
import { ended, evict, serve } from "./service.ts";
import { type Chore, coming, type Run } from "./state.ts";
import { amend, type Context, report, type Step, set } from "./turn.ts";

/** A life on its way up has said that it is ready, or all there is to say: from now on its probes are asked. */
export function announce(context: Context, step: Step, invocation: InvocationId): Step {
  const run = coming(step.state);
  if (run?.invocation !== invocation || run.announcedAt !== null) return step;
  const { now } = context.tick;
  const probes = watch(context.unit.probes, now);
  return advance(context, amend(step, invocation, { announcedAt: now, probes }));
}

/** Takes a life that has announced itself, and that its probes let pass, through the commands after a start. */
export function advance(context: Context, step: Step): Step {
  const run = coming(step.state);
  if (!run || run.announcedAt === null || step.state.chore || !isCleared(run.probes)) return step;
  return beginChore(context, step, "start-post", run) ?? comeUp(context, step);
}

/** The work of a oneshot is done; the commands after its start are run before it counts as up. */
export function finishWork(context: Context, step: Step, run: Run, survivors: readonly Survivor[]): Step {
  const done = amend(step, run.invocation, { exists: false, pid: null, announcedAt: context.tick.now });
  return advance(context, dismissSurvivors(context, done, run, survivors));
}

function comeUp(context: Context, step: Step): Step {
  const { phase, lastExit } = step.state;
  if (phase.tag === "replacing") return soak(context, step, phase.run, phase.next);
  if (phase.tag !== "starting") return step;
  if (context.unit.service.type !== "oneshot" || !lastExit) return serve(context, step, phase.run);
  return ended(context, step, {
    run: phase.run,
    cause: { tag: "exited", exit: lastExit.exit, clean: true, ready: true },
  });
}

/** A command of the unit has ended, or could not begin: the next one follows, or what the whole row was for. */
export function choreEnded(
  context: Context,
  step: Step,
  { chore, by }: Readonly<{ chore: Chore; by: Cause }>,
  survivors: readonly Survivor[] = [],
): Step {
  const alone = dismissSurvivors(context, set(step, { chore: null }), chore.run, survivors);
  const failure = failureOf(context, chore, by);
  if (failure === null) return nextCommand(context, alone, chore) ?? choresDone(context, alone, chore);
  const argv = commandsOf(context.unit.service, chore.kind)[chore.index];
  const ignored = argv !== undefined && ignoresFailure(argv);
  const { kind, run } = chore;
  const told = report(alone, { tag: "command-failed", invocation: run.invocation, kind, cause: failure, ignored });
  if (ignored) return nextCommand(context, told, chore) ?? choresDone(context, told, chore);
  return choresFailed(context, told, failure);
}

/** A command takes too long: it is killed, and has failed by that. */
export function choreLate(context: Context, step: Step, chore: Chore): Step {
  const by: Cause = { tag: "late", limitMs: choreLimitMs(context.unit.service, chore.kind) };
  return choreEnded(context, dropChore(context, step, by), { chore, by });
}

function choresDone(context: Context, step: Step, { kind }: Chore): Step {
  switch (kind) {
    case "start-pre": {
      const run = coming(step.state);
      return run ? spawn(step, run) : step;
    }
    case "start-post":
      return comeUp(context, step);
    case "reload":
      return set(step, { reload: { ...step.state.reload, ended: step.state.reload.began, cause: null } });
    case "stop":
      return arrive(context, release(context, step));
    case "stop-post":
      return arrive(context, step);
    default:
      return unreachable(kind);
  }
}

function choresFailed(context: Context, step: Step, cause: Extract<Cause, { tag: "command" }>): Step {
  const { phase, reload } = step.state;
  switch (cause.kind) {
    case "start-pre":
    case "start-post":
      if (phase.tag === "starting") return evict(context, step, phase.run, cause);
      return phase.tag === "replacing" ? reject(context, step, phase, cause) : step;
    case "reload":
      return set(step, { reload: { ...reload, ended: reload.began, cause } });
    case "stop":
      return arrive(context, release(context, blame(step, cause)));
    case "stop-post":
      return arrive(context, blame(step, cause));
    default:
      return unreachable(cause.kind);
  }
}
