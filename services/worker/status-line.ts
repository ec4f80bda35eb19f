import type { Life } from "../kit/life.ts";

/** It goes out at most so often: a busy worker starts thousands of tasks a second. */
const CHANGE_MS = 250;

/** How often it goes out during a drain, though nothing begins or ends: the oldest task grows older. */
const AGE_MS = 1_000;

/** What a worker says of the tasks it has in hand, for `supervisor status`. */
export interface StatusLine {
  /** A task has begun or ended. */
  changed(): void;
  /** From now on it tells the age of the oldest task, too. */
  drain(): void;
  /** The last word. */
  end(): void;
}

/**
 * Makes the line of a worker whose tasks began at these moments, the oldest first.
 * Shape: `3 tasks in flight`; in a drain `draining: 3 tasks in flight, oldest 41 s`.
 * Units: milliseconds of the monotonic clock.
 */
export function createStatusLine(life: Pick<Life, "status">, begun: () => readonly number[]): StatusLine {
  let soon: ReturnType<typeof setTimeout> | null = null;
  let aging: ReturnType<typeof setInterval> | null = null;
  const say = () => {
    if (soon) clearTimeout(soon);
    soon = null;
    life.status(aging ? `draining: ${inFlight(begun())}${age(begun())}` : inFlight(begun()));
  };
  return {
    changed() {
      soon ??= setTimeout(say, CHANGE_MS);
    },
    drain() {
      aging ??= setInterval(say, AGE_MS);
      say();
    },
    end() {
      if (aging) clearInterval(aging);
      aging = null;
      say();
    },
  };
}

function inFlight({ length }: readonly number[]): string {
  return `${length} ${length === 1 ? "task" : "tasks"} in flight`;
}

function age([oldest]: readonly number[]): string {
  return oldest === undefined ? "" : `, oldest ${Math.floor((performance.now() - oldest) / 1000)} s`;
}
