import type { Result } from "../unit/status.ts";
import type { ProbeKind, SignalName } from "../unit/unit.ts";
import type { Cause } from "./cause.ts";
import type { ChoreKind, Exit, InvocationId, Survivor } from "./facts.ts";
import type { Health } from "./probe.ts";
import type { HandoverEnd, Phase } from "./state.ts";

/** What is to be done about one instance. An effect returns nothing; its result comes back as an event. */
export type Effect = Readonly<
  /** `program`: the life whose program it runs, most often its own. */
  | { tag: "spawn"; invocation: InvocationId; generation: number; program: InvocationId }
  /** Runs the command at `index` of its kind, on behalf of the life `of`. `end`: what that life came to, for a stop-post. */
  | {
      tag: "command";
      invocation: InvocationId;
      kind: ChoreKind;
      index: number;
      generation: number;
      of: Readonly<{ invocation: InvocationId | null; pid: number | null }>;
      end: Readonly<{ result: Result; exit: Exit | null }> | null;
    }
  | { tag: "ask"; invocation: InvocationId; kind: ProbeKind }
  | { tag: "signal"; invocation: InvocationId; signal: SignalName; scope: "group" | "main" }
  | { tag: "report"; report: Report }
>;

/** The closed set of facts that the journal knows of an instance; each is told once, when it is true. */
export type Report = Readonly<
  | { tag: "moved"; from: Phase["tag"]; to: Phase["tag"]; cause: Cause | null; invocation: InvocationId | null }
  | { tag: "ready"; invocation: InvocationId; generation: number; afterMs: number }
  | { tag: "exited"; invocation: InvocationId; generation: number; pid: number | null; cause: Cause }
  | { tag: "command-failed"; invocation: InvocationId; kind: ChoreKind; cause: Cause; ignored: boolean }
  | { tag: "health"; invocation: InvocationId; generation: number; kind: ProbeKind; health: Health; detail: string }
  | { tag: "survived"; invocation: InvocationId; survivors: readonly Survivor[] }
  | { tag: "restart-due"; inMs: number; attempt: number }
  /** `backTo`: the generation whose program it has; null for the program that is there now. */
  | { tag: "handover-began"; ticket: number; generation: number; invocation: InvocationId; backTo: number | null }
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
  | {
      tag: "over-limit";
      invocation: InvocationId;
      generation: number;
      purpose: "drain" | "stop" | "chore";
      limitMs: number;
    }
  | { tag: "abandoned"; invocation: InvocationId; generation: number }
>;
