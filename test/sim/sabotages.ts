/**
 * Ways to break the machine, each of which the simulation must notice: proof that its invariants hold something.
 * `find` must stand in the file exactly once; a test says so when the code has moved on.
 */
export type Sabotage = Readonly<{ name: string; file: string; find: string; replace: string }>;

const core = (file: string): string => `supervisor/core/${file}`;

export const sabotages: readonly Sabotage[] = [
  {
    name: "a READY of any process counts for the one that is waited for",
    file: core("step.ts"),
    find: 'if (phase.tag !== "replacing" || phase.next.invocation !== invocation) return here;',
    replace: 'if (phase.tag !== "replacing") return here;',
  },
  {
    name: "an exit that is told twice counts twice",
    file: core("step.ts"),
    find: "if (!run || findLeaving(here, invocation)?.orphaned) return here;",
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
    find: 'return close(move(swept, { tag: "running", run: pair.run }, cause), pair.next, "kept-old", cause);',
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
    find: 'state.phase.tag === "running" && state.handover.queued && state.leaving.length === 0;',
    replace: 'state.phase.tag === "running" && state.handover.queued;',
  },
  {
    name: "a unit does not wait for what it requires",
    file: core("gates.ts"),
    find: 'return blockers(world, unit).length === 0 ? [{ ...whom, event: "launch" }] : [];',
    replace: 'return [{ ...whom, event: "launch" }];',
  },
  {
    name: "a stop during a pause is forgotten",
    file: core("step.ts"),
    find: 'if (phase.tag === "waiting") return move(wanted, { tag: "inactive" }, { tag: "stopped" });',
    replace: "",
  },
  {
    name: "a deadline that is due does nothing",
    file: core("step.ts"),
    find: "return tooLate(context, later, phase.run);",
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
    find: "return set(move(step, { tag: phase.next }, step.state.cause), { bounce: false });",
    replace: "return move(step, { tag: phase.next }, step.state.cause);",
  },
];
