import type { Pace } from "../daemon/ports.ts";

/** Shorter than anybody notices; one start of a process takes about as long. Units: milliseconds. */
const SLICE_MS = 4;
/** A request takes several turns of the event loop: accept, read, answer. They all fit in between two slices. Units: milliseconds. */
const PAUSE_MS = 3;

/**
 * The pace of the real daemon. A slice begins with the first question after a pause; while nobody asks, nothing is awake.
 * Why a timer and not setImmediate: on both runtimes immediates that follow each other let sockets wait, on Deno for seconds.
 */
export function createPace(): Pace {
  let endAt: number | null = null;
  const end = (): void => {
    endAt = null;
  };
  return {
    isSpent() {
      const now = performance.now();
      if (endAt === null) {
        endAt = now + SLICE_MS;
        setTimeout(end, 0);
      }
      return now >= endAt;
    },
    resume(work) {
      setTimeout(() => {
        end();
        work();
      }, PAUSE_MS);
    },
  };
}
