import { clearInterval, setInterval } from "node:timers";

/** Units: milliseconds. */
const EVERY_MS = 5000;

const looks = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | null = null;

/**
 * Has it looked every five seconds whether something outside is as it was; keeps no process alive. Gives the way to end that.
 * Why all at one time: each look wakes an idle process.
 */
export function lookOften(look: () => void): () => void {
  const one = (): void => look();
  looks.add(one);
  timer ??= setInterval(lookAll, EVERY_MS).unref();
  return () => {
    looks.delete(one);
    if (looks.size > 0 || timer === null) return;
    clearInterval(timer);
    timer = null;
  };
}

function lookAll(): void {
  for (const look of looks) look();
}
