import type { Pace } from "../daemon/ports.ts";

/** Shorter than whoever asks notices; one start of a process takes about as long. Units: milliseconds. */
const ATTENTIVE_SLICE_MS = 3;
/** While nobody asks: a pause takes as long as half a start, so there are few of them. Units: milliseconds. */
const SLICE_MS = 10;
/** Sockets and pipes are heard, and whoever comes with a question makes the pauses longer. Units: milliseconds. */
const PAUSE_MS = 1;
/** A request takes several turns of the event loop: accept, read, answer. Whoever has asked asks again, or still reads: an answer about hundreds of units takes that long to make and to send. Units: milliseconds. */
const ATTENTIVE_PAUSE_MS = 15;
/** Longer than one who asks again and again is kept waiting at worst: else the pauses are short just then. Units: milliseconds. */
const ATTENTION_MS = 1000;

/**
 * The pace of the real daemon. A slice begins with the first question after a pause; while nobody asks, nothing is awake.
 * Whoever has more to do gets the next slice together with the others, in turns; two slices would be one long one.
 * `began`: a slice has begun.
 * Why a timer and not setImmediate: on both runtimes immediates that follow each other let sockets wait, on Deno for seconds.
 */
export function createPace(began: () => void = () => undefined): Pace {
  let endAt: number | null = null;
  let attendedAt = -ATTENTION_MS;
  let waiting: (() => void)[] = [];
  const end = (): void => {
    endAt = null;
  };
  const go = (): void => {
    end();
    const all = waiting;
    waiting = [];
    // Who came last this time comes first next time, when this slice is too short for all.
    for (const work of all.reverse()) work();
  };
  const isAsked = (now: number): boolean => now - attendedAt < ATTENTION_MS;
  return {
    isSpent() {
      const now = performance.now();
      if (endAt === null) {
        endAt = now + (isAsked(now) ? ATTENTIVE_SLICE_MS : SLICE_MS);
        began();
        setTimeout(end, 0);
      }
      return now >= endAt;
    },
    resume(work) {
      waiting.push(work);
      if (waiting.length > 1) return;
      setTimeout(go, isAsked(performance.now()) ? ATTENTIVE_PAUSE_MS : PAUSE_MS);
    },
    attend() {
      attendedAt = performance.now();
    },
  };
}
