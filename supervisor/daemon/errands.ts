import type { Command } from "../unit/command.ts";
import type { Answer, Probing } from "./ports.ts";

/**
 * Runs commands that belong to no unit, as those of exec probes are run: reaped like every process of ours, and killed with their whole
 * group at their limit.
 */
export interface Errands {
  /** Gives how it ended where that was not well, or null. Shape: `exited with code 4: no such table`. */
  run(command: Command, limitMs: number): Promise<string | null>;
  /** True: that was the end of one of them. */
  heard(answer: Answer): boolean;
}

/** `mint`: a name that no invocation ever had. */
export function createErrands(ask: Probing["ask"], mint: () => string): Errands {
  const waiting = new Map<string, (why: string | null) => void>();
  return {
    run: (command, limitMs) =>
      new Promise((resolve) => {
        const invocation = `errand-${mint()}`;
        waiting.set(invocation, resolve);
        const question = { tag: "exec", command, privileges: null } as const;
        ask({ invocation, kind: "startup", ask: question, timeoutMs: limitMs });
      }),
    heard({ invocation, ok, detail }) {
      const resolve = waiting.get(invocation);
      waiting.delete(invocation);
      resolve?.(ok ? null : detail);
      return resolve !== undefined;
    },
  };
}
