/** How much of one type goes on at a time, among all workers of the queue. What is left out has no limit. */
export type TypeLimit = Readonly<{ concurrency?: number | undefined; perSecond?: number | undefined }>;

/** By the name of the type. */
export type TypeLimits = Readonly<Record<string, TypeLimit>>;

/** When tasks of a type may begin: one each `intervalMs`, and what was let pass of the last `toleranceMs` may be made up for. */
export type Pace = Readonly<{ intervalMs: number; toleranceMs: number }>;

/** What a worker that comes late may make up for: a tenth of a second's tasks at once, no more. */
const SLACK_MS = 100;

/** Null: as many a second as like. */
export function paceOf({ perSecond }: TypeLimit): Pace | null {
  if (perSecond === undefined) return null;
  const intervalMs = 1_000 / perSecond;
  return { intervalMs, toleranceMs: Math.max(0, SLACK_MS - intervalMs) };
}

/** The moment from which the next task may begin. `due`: what `nextDue` gave for the last one; 0 before the first. Source: GCRA. */
export function opensAt(due: number, { toleranceMs }: Pace): number {
  return due - toleranceMs;
}

/** What is to be kept when a task begins at `now`. */
export function nextDue(due: number, now: number, { intervalMs }: Pace): number {
  return Math.max(due, now) + intervalMs;
}
