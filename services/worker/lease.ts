import type { Alarms } from "../kit/alarms.ts";
import type { Queue, Taken } from "../queue/queue.ts";

/** Keeps a task ours while it is worked on: renews its lease every third of it. */
export interface Lease {
  /** Answers as the queue does. Errors: rejects when that takes longer than the lease: another worker may have the task then. */
  within<T>(asked: Promise<T>): Promise<T>;
  end(): void;
}

export type LeaseOrder = Readonly<{
  queue: Queue;
  alarms: Alarms;
  leaseMs: number;
  /** The task belongs to somebody else now. */
  lost: () => void;
  /** Hears of what the queue threw. */
  report: (error: Error) => void;
}>;

/** Errors: none. Why no timer of its own for `within`: thousands of tasks a second are answered at once. */
export function keepLease(taken: Taken, { queue, alarms, leaseMs, lost, report }: LeaseOrder): Lease {
  let renewedAt: number | null = null;
  let waiting: Readonly<{ since: number; leave: (error: Error) => void }> | null = null;
  const isLate = (since: number) => performance.now() - since >= leaseMs;
  /** One question at a time, as long as there may be an answer. */
  const renew = async (): Promise<void> => {
    if (renewedAt !== null && !isLate(renewedAt)) return;
    const asked = performance.now();
    renewedAt = asked;
    try {
      if (!(await queue.renew(taken, leaseMs))) lost();
    } catch (error) {
      // The next try may do better; when none does, the lease ends and `done` says that it was lost.
      report(error as Error);
    }
    if (renewedAt === asked) renewedAt = null;
  };
  const look = (): void => {
    if (waiting && isLate(waiting.since)) {
      waiting.leave(new Error(`the queue has not answered within ${leaseMs} ms`));
      return;
    }
    unset = alarms.set(leaseMs / 3, look);
    void renew();
  };
  let unset = alarms.set(leaseMs / 3, look);
  return {
    within: (asked) =>
      new Promise((resolve, reject) => {
        waiting = { since: performance.now(), leave: reject };
        asked.then(resolve, reject);
      }),
    end: () => unset(),
  };
}
