import type { Pace } from "../daemon/ports.ts";

/** Shorter than anybody notices; one start of a process takes about as long. Units: milliseconds. */
const SLICE_MS = 4;
/** A request takes several turns of the event loop: accept, read, answer. They all fit in between two slices. Units: milliseconds. */
const PAUSE_MS = 3;
/** Whoever has asked asks again, or still reads: an answer about hundreds of units takes that long to make and to send. Units: milliseconds. */
const ATTENTIVE_PAUSE_MS = 15;
const ATTENTION_MS = 50;

/**
 * The pace of the real daemon. A slice begins with the first question after a pause; while nobody asks, nothing is awake.
 * Why a timer and not setImmediate: on both runtimes immediates that follow each other let sockets wait, on Deno for seconds.
 */
export function createPace(): Pace {
  let endAt: number | null = null;
  let attendedAt = -ATTENTION_MS;
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
      const isAsked = performance.now() - attendedAt < ATTENTION_MS;
      const go = (): void => {
        end();
        work();
      };
      setTimeout(go, isAsked ? ATTENTIVE_PAUSE_MS : PAUSE_MS);
    },
    attend() {
      attendedAt = performance.now();
    },
  };
}
