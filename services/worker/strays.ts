import { AsyncLocalStorage } from "node:async_hooks";
import process from "node:process";
import { wordsOf } from "./outcome.ts";

/** Hears of an error that was thrown where nobody waits for it: in a timer, an event, a promise that was let go. */
export type Caught = (error: Error) => void;

/** Keeps such errors of handlers from ending the process, and with it the tasks of all others. */
export interface Strays {
  /** Runs a handler; `caught` hears of what goes astray in it and in all that it starts, where the runtime tells whose it is. */
  run<T>(caught: Caught, handler: () => T): T;
}

export type StraysOrder = Readonly<{
  /** Hears of what the runtime does not tell whose it is: on Bun the rejections, on Deno the timers and most events. */
  nobodys: Caught;
  /** Is called when there were more than `MAX_STRAYS` within a minute: whatever throws them will not stop by itself. */
  tooMany: () => void;
}>;

export const MAX_STRAYS = 1_000;
const WINDOW_MS = 60_000;

/** What all copies of this file have in common: a module that takes over from itself is another copy, in the same process. */
type Common = {
  readonly owner: AsyncLocalStorage<Caught>;
  order: StraysOrder | null;
  window: Readonly<{ from: number; count: number }>;
};

const PLACE = Symbol.for("supervisor.strays");
const home = globalThis as unknown as { [PLACE]?: Common };
home[PLACE] ??= { owner: new AsyncLocalStorage(), order: null, window: { from: 0, count: 0 } };
const common = home[PLACE];

/**
 * Catches what goes astray in this process from now on; the last order given counts.
 * Why the process goes on: what was cut short is a callback of a handler, and nothing of ours stands on its stack; whereas the end
 * of the process would cost every other task in it an attempt, and by the same lease they would meet the same one again.
 */
export function catchStrays(order: StraysOrder): Strays {
  if (common.order === null) {
    process.on("uncaughtException", tell);
    process.on("unhandledRejection", tell);
  }
  common.order = order;
  common.window = { from: 0, count: 0 };
  return { run: (caught, handler) => common.owner.run(caught, handler) };
}

function tell(thrown: unknown): void {
  const caught = common.owner.getStore() ?? common.order?.nobodys;
  caught?.(thrown instanceof Error ? thrown : new Error(wordsOf(thrown)));
  const now = performance.now();
  const { from, count } = common.window;
  common.window = now - from > WINDOW_MS ? { from: now, count: 1 } : { from, count: count + 1 };
  if (common.window.count === MAX_STRAYS + 1) common.order?.tooMany();
}
