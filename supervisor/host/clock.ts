import type { Clock } from "../daemon/ports.ts";
import { bytes, libc } from "./libc.ts";

const CLOCK_MONOTONIC = 1;
/** What a timer of either runtime can hold; a longer span becomes 1 ms there. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * The real clock. `now` is the machine's CLOCK_MONOTONIC, not the time since this process began:
 * it can be compared with MONOTONIC_USEC of a service and outlives a re-exec.
 */
export function createClock(): Clock {
  const time = bytes(16);
  const view = new DataView(time.buffer);
  let timer: ReturnType<typeof setTimeout> | undefined;

  const now = (): number => {
    libc.clock_gettime(CLOCK_MONOTONIC, time);
    const seconds = Number(view.getBigInt64(0, true));
    return seconds * 1000 + Math.floor(Number(view.getBigInt64(8, true)) / 1000) / 1000;
  };

  const arm = (at: number, ring: () => void): void => {
    const span = Math.min(Math.max(0, Math.ceil(at - now())), LONGEST_TIMER_MS);
    // A timer may fire a little early, and a very long span is slept in pieces: both look again.
    timer = setTimeout(() => (now() >= at ? ring() : arm(at, ring)), span);
  };

  const wakeAt = (at: number | null, ring: () => void): void => {
    clearTimeout(timer);
    if (at !== null && at !== Number.POSITIVE_INFINITY) arm(at, ring);
  };

  return { now, wall: () => new Date(), wakeAt };
}
