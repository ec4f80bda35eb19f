/** Somebody took longer than he may. */
export class TimeLimit extends Error {
  override readonly name = "TimeLimit";
}

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
