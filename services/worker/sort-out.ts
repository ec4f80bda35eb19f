import type { Taken, Task } from "../queue/queue.ts";

/** How a worker stands when it is given tasks. `singly`: so many are to be taken one by one, each when nothing else runs. */
export type Standing = Readonly<{ running: number; singly: number; isDraining: boolean }>;

/** Which go back to their places in the queue, which are begun, and how many are to be taken one by one from now on. */
export type SortedOut = Readonly<{ back: readonly Taken[]; ready: readonly Taken[]; next: number }>;

/**
 * Decides what is done with the tasks that were given. One that must run alone goes back when it would not; it has its old place,
 * so it is among as many as were given with it, and these are taken one by one.
 */
export function sortOut(given: readonly Taken[], { running, singly, isDraining }: Standing): SortedOut {
  const isCrowded = running + given.length > 1;
  const goesBack = ({ task }: Taken) => isDraining || (isCrowded && mustRunAlone(task));
  const back = given.filter(goesBack);
  const ready = given.filter((taken) => !goesBack(taken));
  if (back.length > 0) return { back, ready, next: given.length };
  return { back, ready, next: given.length === 0 ? 0 : Math.max(0, singly - 1) };
}

/**
 * Whether a task may be one that takes its process with it, or one of those that were with such a one, and has one attempt left.
 * Why: their leases end at the same moment, so they would meet again and again, and all be dead of what one of them did.
 */
function mustRunAlone({ error, attempts, max_attempts }: Task): boolean {
  return error?.code === "lease-expired" && attempts >= max_attempts;
}
