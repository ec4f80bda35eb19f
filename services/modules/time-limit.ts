/** Somebody took longer than he may. */
export class TimeLimit extends Error {
  override readonly name = "TimeLimit";
}

/** How long work that is cancelled may take to come to an end by itself. */
const CANCEL_MS = 250;

/** Answers as the work does. Errors: TimeLimit when it takes longer; what becomes of it then is the caller's business. */
export async function within<T>(work: Promise<T>, limitMs: number, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new TimeLimit(`${what} takes longer than ${limitMs} ms`)), limitMs);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/** Answers as the work does. Errors: that it was cancelled, when it goes on for long after the signal; what becomes of it then is the caller's business. */
export async function orCancelled<T>(work: Promise<T>, signal: AbortSignal, what: string): Promise<T> {
  const { promise: cancelled, reject } = Promise.withResolvers<never>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = (): void => {
    timer = setTimeout(() => reject(new Error(`${what} was cancelled`)), CANCEL_MS);
  };
  if (signal.aborted) limit();
  else signal.addEventListener("abort", limit);
  try {
    return await Promise.race([work, cancelled]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", limit);
  }
}
