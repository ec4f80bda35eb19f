import { CircuitState, ConsecutiveBreaker, circuitBreaker, handleType, isBrokenCircuitError } from "cockatiel";
import { type Queue, QueueUnavailable } from "./queue.ts";

/** `open`: the store is not asked, whoever asks is refused at once. `half-open`: one is let through, to see. */
export type Circuit = "closed" | "open" | "half-open";

export type Guarded = Readonly<{ queue: Queue; circuit: () => Circuit }>;

/** So many in a row that could not be done open the circuit; so long it stays open. */
const FAILURES = 3;
const OPEN_MS = 1_000;

/**
 * Has a queue whose store is away refuse at once, instead of after each one's own time limit; nobody piles up behind it, and it is asked
 * again once a second. Errors: QueueUnavailable. Source: the circuit breaker of Nygard, "Release It!".
 */
export function guard(queue: Queue): Guarded {
  const breaker = circuitBreaker(handleType(QueueUnavailable), {
    halfOpenAfter: OPEN_MS,
    breaker: new ConsecutiveBreaker(FAILURES),
  });
  const run = async <T>(action: () => Promise<T>): Promise<T> => {
    try {
      return await breaker.execute(action);
    } catch (error) {
      if (!isBrokenCircuitError(error)) throw error;
      throw new QueueUnavailable("the queue's store is away; it is asked again in a moment", { cause: error });
    }
  };
  const guarded: Queue = {
    url: queue.url,
    enqueue: (task) => run(() => queue.enqueue(task)),
    get: (id) => run(() => queue.get(id)),
    list: (filter) => run(() => queue.list(filter)),
    take: (worker, leaseMs) => run(() => queue.take(worker, leaseMs)),
    cancel: (id) => run(() => queue.cancel(id)),
    retry: (id) => run(() => queue.retry(id)),
    discard: (id) => run(() => queue.discard(id)),
    pause: (type) => run(() => queue.pause(type)),
    resume: (type) => run(() => queue.resume(type)),
    stats: () => run(() => queue.stats()),
    wait: (timeoutMs, signal) => run(() => queue.wait(timeoutMs, signal)),
    // Nobody else can say what has become of a task that a worker has.
    renew: (taken, leaseMs) => queue.renew(taken, leaseMs),
    progress: (taken, progress) => queue.progress(taken, progress),
    done: (taken, result) => queue.done(taken, result),
    failed: (taken, error, retry, retryAfterMs) => queue.failed(taken, error, retry, retryAfterMs),
    release: (taken) => queue.release(taken),
    close: () => queue.close(),
  };
  return { queue: guarded, circuit: () => NAMES[breaker.state] };
}

const NAMES = {
  [CircuitState.Closed]: "closed",
  [CircuitState.Open]: "open",
  [CircuitState.HalfOpen]: "half-open",
  [CircuitState.Isolated]: "open",
} as const satisfies Record<CircuitState, Circuit>;
