import type { Queue, Task } from "../queue/queue.ts";
import { taskView } from "./task-view.ts";

/** Is told of a task when what the API shows of it has changed; null: it is no more. `text`: what is shown, as JSON. */
export type Told = (task: Task | null, text: string) => void;

/** Looks at tasks on behalf of whoever watches them. */
export interface TaskWatch {
  /** Tells of each change from the task as it was seen on, until the signal fires. */
  watch(seen: Task, told: Told, until: AbortSignal): void;
  /** How many watch. */
  readonly watchers: number;
}

export type TaskWatchOptions = Readonly<{
  queue: Pick<Queue, "get">;
  /** Told of what the queue threw, once until it answers again. */
  report: (error: Error) => void;
  /** Units: monotonic milliseconds. */
  now?: () => number;
  /** Calls `look` again and again until it is told to stop. */
  every?: (periodMs: number, look: () => void) => () => void;
}>;

/** One task, and what each of its watchers has seen of it. */
type Watched = {
  readonly watchers: Map<Told, string>;
  seen: string;
  changedAtMs: number;
  dueAtMs: number;
  isAsked: boolean;
};

/** Between two looks at one task: as short as this, … */
const LEAST_MS = 50;
/** … longer in proportion to how long it has not changed, … */
const SHARE = 0.1;
/** … and at last as long as this. */
const MOST_MS = 1_000;

/**
 * Watches tasks by looking at them: one look for all who watch the same, and one timer for all.
 * Why not a word from the queue: whoever changes a task is another process, and each store would need a channel of its own for that. A look
 * costs 10 µs and works on every store: a thousand tasks in which nothing moves take a hundredth of a processor.
 */
export function createTaskWatch({ queue, report, now = monotonic, every = onTimer }: TaskWatchOptions): TaskWatch {
  const tasks = new Map<string, Watched>();
  let watchers = 0;
  let stop: (() => void) | null = null;
  let isFailing = false;

  const ask = async (id: string, watched: Watched): Promise<void> => {
    watched.isAsked = true;
    try {
      tell(watched, await queue.get(id), now());
      isFailing = false;
    } catch (error) {
      if (!isFailing) report(error as Error);
      isFailing = true;
    }
    watched.isAsked = false;
    watched.dueAtMs = now() + restMs(now() - watched.changedAtMs);
  };
  const look = (): void => {
    const nowMs = now();
    for (const [id, watched] of tasks) if (!watched.isAsked && watched.dueAtMs <= nowMs) void ask(id, watched);
  };
  const leave = (id: string, watched: Watched, told: Told): void => {
    watchers -= 1;
    watched.watchers.delete(told);
    if (watched.watchers.size === 0) tasks.delete(id);
    if (watchers > 0) return;
    stop?.();
    stop = null;
  };
  return {
    watch(task, told, until) {
      if (until.aborted) return;
      const seen = textOf(task);
      const watched = tasks.get(task.id) ?? unwatched(seen, now());
      tasks.set(task.id, watched);
      watched.watchers.set(told, seen);
      watchers += 1;
      stop ??= every(LEAST_MS, look);
      until.addEventListener("abort", () => leave(task.id, watched, told), { once: true });
    },
    get watchers() {
      return watchers;
    },
  };
}

/** Decides how long a task is left alone that has not changed for so long. Shape: 0 → 50, 2000 → 200, 60000 → 1000. Units: milliseconds. */
export function restMs(quietMs: number): number {
  return Math.min(Math.max(quietMs * SHARE, LEAST_MS), MOST_MS);
}

/** Shape: `{"id":"…","state":"running",…}`; `null` for a task that is no more. */
export const textOf = (task: Task | null): string => JSON.stringify(task && taskView(task));

function unwatched(seen: string, nowMs: number): Watched {
  return { watchers: new Map(), seen, changedAtMs: nowMs, dueAtMs: nowMs + LEAST_MS, isAsked: false };
}

function tell(watched: Watched, task: Task | null, nowMs: number): void {
  const text = textOf(task);
  if (text !== watched.seen) watched.changedAtMs = nowMs;
  watched.seen = text;
  for (const [told, seen] of [...watched.watchers]) {
    if (seen === text) continue;
    watched.watchers.set(told, text);
    told(task, text);
  }
}

const monotonic = () => performance.now();

function onTimer(periodMs: number, look: () => void): () => void {
  const timer = setInterval(look, periodMs);
  return () => clearInterval(timer);
}
