/**
 * Ways to break the machine, each of which the simulation must notice: proof that its invariants hold something.
 * `find` must stand in the file exactly once; a test says so when the code has moved on.
 */
export type Sabotage = Readonly<{ name: string; file: string; find: string; replace: string }>;

const core = (file: string): string => `supervisor/core/${file}`;

export const sabotages: readonly Sabotage[] = [
  {
    name: "a READY of any process counts for the one that is waited for",
    file: core("progress.ts"),
    find: "if (run?.invocation !== invocation || run.announcedAt !== null) return step;",
    replace: "if (!run || run.announcedAt !== null) return step; invocation = run.invocation;",
  },
  {
    name: "an exit that is told twice counts twice",
    file: core("fact.ts"),
    find: "if (!run?.exists || told?.orphaned) return here;",
    replace: "if (!run) return here;",
  },
  {
    name: "the start limit is one too high",
    file: core("start-limit.ts"),
    find: ".length >= startLimitBurst;",
    replace: ".length > startLimitBurst;",
  },
  {
    name: "the soak is not waited for",
    file: core("handover.ts"),
    find: "if (unit.handover.soakMs === 0) return",
    replace: "if (unit.handover.soakMs < 1_000_000) return",
  },
  {
    name: "a rejected new generation is not told to go",
    file: core("handover.ts"),
    find: 'return keepOld(context, dismiss(context, step, pair.next, "stop"), pair, cause);',
    replace: "return keepOld(context, step, pair, cause);",
  },
  {
    name: "a rejected handover stops the old generation",
    file: core("handover.ts"),
    find: 'return close(move(swept, runningPhase(context, pair.run), cause), pair.next, "kept-old", cause);',
    replace: 'return close(move(swept, { tag: "failed" }, cause), pair.next, "kept-old", cause);',
  },
  {
    name: "SIGTERM again where SIGKILL is due",
    file: core("leave.ts"),
    find: "const { finalKillSignal: signal, killMode } = context.unit.service;",
    replace: "const { killSignal: signal, killMode } = context.unit.service;",
  },
  {
    name: "a stop forgets the new generation of a handover",
    file: core("service.ts"),
    find: "const asked = serving(step.state).reduce(",
    replace: "const asked = serving(step.state).slice(0, 1).reduce(",
  },
  {
    name: "a stop does not wait for those that leave",
    file: core("rest.ts"),
    find: "if (inTheWay.length > 0) return step;",
    replace: "",
  },
  {
    name: "a handover does not wait for the last one to drain",
    file: core("gates.ts"),
    find: 'state.phase.tag === "running" && state.handover.queued && state.leaving.length === 0 &&',
    replace: 'state.phase.tag === "running" && state.handover.queued &&',
  },
  {
    name: "a unit does not wait for what it requires",
    file: core("gates.ts"),
    find: 'return open("launch", blockers(world, whom.unit).length === 0);',
    replace: 'return open("launch", true);',
  },
  {
    name: "a stop during a pause is forgotten",
    file: core("step.ts"),
    find: 'if (phase.tag === "waiting") {\n    return set(move(hurry(context, wanted), { tag: "inactive" }, { tag: "stopped" }), { cause: null });\n  }',
    replace: "",
  },
  {
    name: "a deadline that is due does nothing",
    file: core("step.ts"),
    find: 'return evict(context, later, phase.run, { tag: "start-timeout", limitMs: timeoutStartMs });',
    replace: "return later;",
  },
  {
    name: "the group's survivors are forgotten",
    file: core("leave.ts"),
    find: 'if (survivors.length === 0 || killMode === "process") return step;',
    replace: "return step;",
  },
  {
    name: "a new generation is not newer",
    file: core("handover.ts"),
    find: "const generation = step.state.generation + 1;",
    replace: "const generation = step.state.generation;",
  },
  {
    name: "a restart never ends",
    file: core("rest.ts"),
    find: "return set(move(step, rest, step.state.cause), { bounce: false });",
    replace: "return move(step, rest, step.state.cause);",
  },
  {
    name: "a unit does not hear that what it is bound to is gone",
    file: core("gates.ts"),
    find: 'if (isUnbound(world, whom.unit, state)) return open("unbind", true);',
    replace: "",
  },
  {
    name: "a unit is started beside one that it conflicts with",
    file: core("gates.ts"),
    find: "entries(world, node.conflicts).filter(({ instances }) => !instances.every(isGone));",
    replace: "entries(world, []);",
  },
  ...["bindsTo", "conflicts", "successors", "ancestors"].map((whom) => ({
    name: `a unit's gates are not looked at again when its ${whom} change`,
    file: core("graph.ts"),
    find: "return [...new Set([name, ...bindsTo, ...conflicts, ...successors, ...ancestors])];",
    replace: `return [...new Set([name, ...bindsTo, ...conflicts, ...successors, ...ancestors])].filter((each) => !${whom}.includes(each));`,
  })),
  {
    name: "what has changed is not looked at again",
    file: core("concerned.ts"),
    find: "if (before.units.get(name) === entry) continue;",
    replace: "if (before.units.has(name)) continue;",
  },
  {
    name: "two that conflict go through their gates in one turn",
    file: core("drive.ts"),
    find: "pass(before, whom, tick), now);",
    replace: "apply(before, whom, { tag: whom.event }, tick), now);",
  },
  {
    name: "an instance too many is not told to go",
    file: core("drive.ts"),
    find: 'if (whom.instance > count) return apply(before, whom, { tag: "want-down" }, tick);',
    replace: "if (whom.instance > count) return before;",
  },
  {
    name: "an instance too many hears a wish to stay",
    file: core("drive.ts"),
    find: '.filter((whom) => whom.instance <= target || event.tag === "want-down")',
    replace: "",
  },
  {
    name: "an instance too many is forgotten while it has a process",
    file: core("scale.ts"),
    find: "keep > target && last && atRest(last);",
    replace: "keep > target && last;",
  },
  {
    name: "an instance too many is never forgotten",
    file: core("scale.ts"),
    find: "const keep = lastNeeded(entry);",
    replace: "const keep = entry.instances.length;",
  },
  {
    name: "a oneshot is ready when its program runs",
    file: core("fact.ts"),
    find: 'return type === "notify" || type === "oneshot" ? known',
    replace: 'return type === "notify" ? known',
  },
  {
    name: "a oneshot is ready when it says so",
    file: core("fact.ts"),
    find: 'return context.unit.service.type === "oneshot" ? here : becomeReady(',
    replace: "return becomeReady(",
  },
  {
    name: "the work of a oneshot does not stay done",
    file: core("rest.ts"),
    find: 'unit.service.type === "oneshot" && cause?.tag',
    replace: 'unit.service.type === "exec" && cause?.tag',
  },
  {
    name: "runtime_max_sec ends nobody",
    file: core("step.ts"),
    find: 'return evict(context, later, phase.run, { tag: "runtime-max", limitMs: runtimeMaxMs });',
    replace: "return later;",
  },
  {
    name: "nobody watches a service",
    file: core("turn.ts"),
    find: "watchdog: watchdogFrom(tick.now, everyMs)",
    replace: "watchdog: null",
  },
  {
    name: "a sign of life is not heard",
    file: core("fact.ts"),
    find: "return signOfLife(context, here, event.invocation, event.everyMs);",
    replace: "return here;",
  },
  {
    name: "a hung new generation takes the old one with it",
    file: core("unfit.ts"),
    find: "if (phase.next.invocation === run.invocation) return reject(context, here, phase, cause);",
    replace: "",
  },
  {
    name: "more time makes it less",
    file: core("fact.ts"),
    find: "phase: { ...phase, deadline: Math.max(phase.deadline, until) }",
    replace: "phase: { ...phase, deadline: until }",
  },
  {
    name: "a request for more time is not heard",
    file: core("fact.ts"),
    find: "return extend(here, event.invocation, context.tick.now + event.byMs);",
    replace: "return here;",
  },
  {
    name: "a process does not wait for the commands before it",
    file: core("launch.ts"),
    find: 'const readying = beginChore(context, step, "start-pre", run);',
    replace: "const readying = null as Step | null;",
  },
  {
    name: "a command that fails is as good as one that does well",
    file: core("chore.ts"),
    find: 'by.tag === "exited" && by.exit.by === "code" && by.exit.code === 0;',
    replace: 'by.tag !== "stopped";',
  },
  {
    name: "the second command of a row is left out",
    file: core("progress.ts"),
    find: "if (failure === null) return nextCommand(context, alone, chore) ?? choresDone(context, alone, chore);",
    replace: "if (failure === null) return choresDone(context, alone, chore);",
  },
  {
    name: "a service that exec_stop has asked is not told by a signal",
    file: core("progress.ts"),
    find: "return arrive(context, release(context, step));",
    replace: "return arrive(context, step);",
  },
  {
    name: "a command that is not wanted any more is forgotten",
    file: core("leave.ts"),
    find: "return kill(context, enlist(set(told, { chore: null }), one), one);",
    replace: "return set(told, { chore: null });",
  },
  {
    name: "a handover begins while a command of the unit runs",
    file: core("gates.ts"),
    find: " && state.chore === null;",
    replace: ";",
  },
  {
    name: "a life is up before its probes have passed",
    file: core("progress.ts"),
    find: " || step.state.chore || !isCleared(run.probes)) return step;",
    replace: " || step.state.chore) return step;",
  },
  {
    name: "nobody minds a failing liveness probe",
    file: core("fact.ts"),
    find: 'const isOver = watched.verdict === "failing" && kind !== "readiness";',
    replace: "const isOver = false;",
  },
  {
    name: "a probe fails too late by one",
    file: core("probe.ts"),
    find: "failures >= (probe?.failureThreshold ?? 1)",
    replace: "failures > (probe?.failureThreshold ?? 1)",
  },
  {
    name: "what a oneshot leaves behind is forgotten while the commands after it run",
    file: core("progress.ts"),
    find: "return advance(context, dismissSurvivors(context, done, run, survivors));",
    replace: "return advance(context, done);",
  },
];
