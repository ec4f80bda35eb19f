import type { ProbeKind } from "../unit/unit.ts";
import type { Cause } from "./cause.ts";
import type { Exit, Instant, InvocationId, SpawnStage, Survivor } from "./facts.ts";
import type { Undo } from "./state.ts";

/**
 * What may happen to one instance. Wishes come from orders, the rest are facts, but for those of the graph's gates:
 * `launch`, `halt`, `unbind`, `replace`, and what follows from how a sibling's handover ended: `withdraw`, `go-back`, `agree`.
 */
export type Event = Readonly<
  | { tag: "want-up" }
  | { tag: "want-down" }
  | { tag: "want-restart" }
  | { tag: "want-reload" }
  /** The unit's exec_reload is to run; whoever asks while it does joins it. */
  | { tag: "want-reload-command" }
  | { tag: "reset-failed" }
  | { tag: "launch" }
  | { tag: "halt" }
  | { tag: "replace" }
  | { tag: "unbind" }
  /** Its own turn in a rollout that instance `by` has refused will not come. */
  | { tag: "withdraw"; by: number; cause: Cause | null }
  | { tag: "go-back"; to: Undo }
  /** Of what it could go back to, only `undo` is still needed. */
  | { tag: "agree"; undo: readonly Undo[] }
  | { tag: "deadline" }
  | ProcessFact
>;

/** A fact about one process; it carries that process' invocation, and a stale one changes nothing. */
export type ProcessFact = Readonly<
  | { tag: "spawned"; invocation: InvocationId; pid: number }
  | { tag: "spawn-failed"; invocation: InvocationId; stage: SpawnStage; code: string; message: string }
  /** `idle`: listeners that the generation before accepts on and this one does not. */
  | { tag: "ready"; invocation: InvocationId; idle?: readonly string[] }
  /** STATUS= and ERRNO=. `text: null`: it had no new words, and the error belongs to those that it said last. */
  | { tag: "says"; invocation: InvocationId; text: string | null; errno: number | null }
  /** A sign of life; `everyMs` changes how long it holds. */
  | { tag: "alive"; invocation: InvocationId; everyMs: number | null }
  /** RELOADING=1, STOPPING=1. */
  | { tag: "mood"; invocation: InvocationId; mood: "reloading" | "stopping" }
  /** Another process of it is the main one now. */
  | { tag: "main-pid"; invocation: InvocationId; pid: number }
  /** What a probe was answered. Shape of `detail`: `answered 503`. */
  | { tag: "answered"; invocation: InvocationId; kind: ProbeKind; ok: boolean; detail: string }
  /** It asks to be treated as if its watchdog had run out. */
  | { tag: "hung"; invocation: InvocationId }
  /** It needs more time for what it does: at least this much from now. */
  | { tag: "extend"; invocation: InvocationId; byMs: number }
  | { tag: "exited"; invocation: InvocationId; exit: Exit; survivors: readonly Survivor[] }
  | { tag: "emptied"; invocation: InvocationId }
>;

/**
 * What a turn is given from outside, so that the core needs neither clock nor dice.
 * `roll` is uniform in [0, 1); `nonce` is 24 hex digits that no other turn ever gets.
 */
export type Tick = Readonly<{ now: Instant; roll: number; nonce: string }>;
