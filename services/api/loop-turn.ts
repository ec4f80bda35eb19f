/** What a turn needs of its surroundings. */
export type LoopEdge = Readonly<{
  /** Units: monotonic milliseconds. */
  now(): number;
  /** Calls back when the loop has gone once through all that was ready. */
  atEnd(over: () => void): void;
  later(afterMs: number, then: () => void): void;
}>;

/** One turn of the event loop: all that was ready when it began waits for all that is before it. */
export interface LoopTurn {
  /** To be called for each request. False: it has waited too long already, and so have those behind it. */
  enter(): boolean;
  /** When the turn began: whoever is handled in it had come by then, or comes meanwhile. Units: of `now`. */
  readonly beganAtMs: number;
  /** To be called for each refusal. Null: it may be told at once; else when. */
  refuse(): Promise<void> | null;
}

/** A single long turn may be a pause of the whole process, and is let pass unless it is so many times longer. */
const ONCE = 10;

/** So few in a turn are no crowd: where they take long the machine is slow, and to refuse them would help nobody. */
const FEW = 16;

/** How many are told within a turn that they are refused; the others so many times the target later. */
const TOLD_AT_ONCE = 64;
const TOLD_LATER = 2;

/**
 * Watches how long requests wait for the loop, which work that never gives it back makes long: large lists, large bodies.
 * Late is who waits longer than `targetMs` in the second such turn in a row.
 * Source: controlled delay as servers do it (B. Maurer, "Fail at Scale", ACM Queue 2015): a queue that stands is cut short, one that passes is not.
 * Why not every refusal at once: whoever does not listen asks again as soon as he is told, also within the same turn. Bun goes on for as long as a
 * thousand connections at a time are ready, and what is to happen behind the turn, such as the commit that answers wait for, would not come. Told as late
 * as those who are answered, he has nothing of his hurry.
 */
export function createLoopTurn(targetMs: number, edge: LoopEdge): LoopTurn {
  let isOpen = false;
  let beganAtMs = 0;
  let endedAtMs = Number.NEGATIVE_INFINITY;
  let wasLong = false;
  let allowedMs = 0;
  let entered = 0;
  let refused = 0;
  let told: Promise<void> | null = null;

  const end = (): void => {
    isOpen = false;
    endedAtMs = edge.now();
    wasLong = endedAtMs - beganAtMs > targetMs;
    told = null;
  };
  const begin = (nowMs: number): void => {
    isOpen = true;
    beganAtMs = nowMs;
    entered = 0;
    refused = 0;
    const stands = wasLong && nowMs - endedAtMs < targetMs;
    allowedMs = stands ? targetMs : targetMs * ONCE;
    edge.atEnd(end);
  };
  return {
    enter() {
      const nowMs = edge.now();
      if (!isOpen) begin(nowMs);
      entered += 1;
      return entered <= FEW || nowMs - beganAtMs <= allowedMs;
    },
    get beganAtMs() {
      return beganAtMs;
    },
    refuse() {
      refused += 1;
      if (refused <= TOLD_AT_ONCE) return null;
      told ??= new Promise((resolve) => edge.later(targetMs * TOLD_LATER, resolve));
      return told;
    },
  };
}
