import type { InvocationId } from "../core/facts.ts";
import type { ProcessEvent } from "./processes.ts";

/** Starts that were decided and cannot be made yet. To the core they are processes that have not answered: their time limits go on. */
export interface HeldStarts {
  /** Starts once it has what is waited for, unless it was dropped by then. */
  hold<T>(invocation: InvocationId, awaited: Promise<T>, start: (value: T) => void): void;
  /** False: nothing of it is held. True: it will not be started, and its end is answered. */
  drop(invocation: InvocationId): boolean;
}

/** `bug`: hears of what a start has thrown. */
export type HeldStartsOptions = Readonly<{ answer: (event: ProcessEvent) => void; bug: (error: unknown) => void }>;

export function createHeldStarts({ answer, bug }: HeldStartsOptions): HeldStarts {
  const held = new Set<InvocationId>();
  return {
    hold(invocation, awaited, start) {
      held.add(invocation);
      const isDropped = (): boolean => !held.delete(invocation);
      awaited.then((value) => isDropped() || start(value)).catch(bug);
    },
    drop(invocation) {
      if (!held.delete(invocation)) return false;
      const message = "it was stopped while it waited for the keys of its credentials";
      answer({ tag: "spawn-failed", invocation, stage: "credential", code: "credential-failed", message });
      return true;
    },
  };
}
