/**
 * Waits for a promise with an upper bound, so that a broken promise fails by its name instead of hanging the suite.
 * Units: `boundMs` milliseconds. Errors: throws `not within N ms: WHAT`.
 */
export async function within<T>(promise: Promise<T>, boundMs: number, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${boundMs} ms: ${what}`)), boundMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
