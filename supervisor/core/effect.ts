import type { SignalName } from "../unit/unit.ts";
import type { Cause } from "./cause.ts";
import type { InvocationId, Survivor } from "./facts.ts";
import type { HandoverEnd, Phase } from "./state.ts";

/** What is to be done about one instance. An effect returns nothing; its result comes back as an event. */
export type Effect = Readonly<
  | { tag: "spawn"; invocation: InvocationId; generation: number }
  | { tag: "signal"; invocation: InvocationId; signal: SignalName; scope: "group" | "main" }
  | { tag: "report"; report: Report }
>;

/** The closed set of facts that the journal knows of an instance; each is told once, when it is true. */
export type Report = Readonly<
  | { tag: "moved"; from: Phase["tag"]; to: Phase["tag"]; cause: Cause | null; invocation: InvocationId | null }
  | { tag: "ready"; invocation: InvocationId; generation: number; afterMs: number }
  | { tag: "exited"; invocation: InvocationId; generation: number; pid: number | null; cause: Cause }
  | { tag: "survived"; invocation: InvocationId; survivors: readonly Survivor[] }
  | { tag: "restart-due"; inMs: number; attempt: number }
  | { tag: "handover-began"; ticket: number; generation: number; invocation: InvocationId }
  | { tag: "handover-ended"; end: HandoverEnd; generation: number }
  | { tag: "draining"; invocation: InvocationId; generation: number; limitMs: number }
  | {
      tag: "drained";
      invocation: InvocationId;
      generation: number;
      pid: number | null;
      afterMs: number;
      killed: boolean;
    }
  | { tag: "over-limit"; invocation: InvocationId; generation: number; purpose: "drain" | "stop"; limitMs: number }
  | { tag: "abandoned"; invocation: InvocationId; generation: number }
>;
