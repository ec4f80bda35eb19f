import { clearTimeout, setTimeout } from "node:timers";
import { runtime } from "./runtime.ts";

/** Nobody is kept waiting by what is done then. Units: milliseconds. */
const CALM_MS = 5_000;
/** So many slices of work leave something to collect, and take a hundred times as long as that does. */
const WORTH = 500;

/**
 * Gives memory back when there is nothing else to do: once after the start, which leaves more behind than all that follows, and again
 * whenever there was much to do since.
 */
export interface Leisure {
  /** Call when something begins to be done. */
  worked(): void;
  close(): void;
}

export function createLeisure(giveBack: () => void = runtime.giveBack): Leisure {
  let slices = WORTH;
  let lastMs = 0;
  let timer: ReturnType<typeof setTimeout> | null = null;
  const look = (): void => {
    timer = null;
    const calmMs = performance.now() - lastMs;
    if (calmMs < CALM_MS) wait(CALM_MS - calmMs);
    else {
      slices = 0;
      giveBack();
    }
  };
  const wait = (afterMs: number): void => {
    timer = setTimeout(look, afterMs);
    timer.unref();
  };
  return {
    worked() {
      slices++;
      lastMs = performance.now();
      if (timer === null && slices >= WORTH) wait(CALM_MS);
    },
    close() {
      if (timer !== null) clearTimeout(timer);
      timer = null;
      slices = Number.NEGATIVE_INFINITY;
    },
  };
}
