import { type Queue, QueueUnavailable, type Task } from "./queue.ts";

/** A task as it was when the store was last asked after it. `ageMs`: how long ago that was. */
export type Known = Readonly<{ task: Task; ageMs: number }>;

/** Remembers this many; the one that was not asked after for the longest time goes first. */
const MOST = 10_000;

/** Remembers the tasks that were seen last, for as long as the store is away. `now`: monotonic milliseconds. */
export class LastKnown {
  readonly #tasks = new Map<string, Readonly<{ task: Task; atMs: number }>>();
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  see(task: Task): void {
    this.#tasks.delete(task.id);
    this.#tasks.set(task.id, { task, atMs: this.#now() });
    const [first] = this.#tasks.keys();
    if (this.#tasks.size > MOST && first !== undefined) this.#tasks.delete(first);
  }

  forget(id: string): void {
    this.#tasks.delete(id);
  }

  of(id: string): Known | null {
    const known = this.#tasks.get(id);
    return known ? { task: known.task, ageMs: this.#now() - known.atMs } : null;
  }
}

/** Asks for a task; while the store is away, answers with what is known. Null: there is none. Errors: QueueUnavailable, when nothing is known either. */
export async function getOrKnown(queue: Queue, seen: LastKnown, id: string): Promise<Known | null> {
  try {
    const task = await queue.get(id);
    if (task) seen.see(task);
    else seen.forget(id);
    return task && { task, ageMs: 0 };
  } catch (error) {
    const known = error instanceof QueueUnavailable ? seen.of(id) : null;
    if (!known) throw error;
    return known;
  }
}
