/** Waits, and no longer than the signal allows: it resolves at the abort too. Units: milliseconds. */
export function pause(spanMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, spanMs);
    signal.addEventListener("abort", done);
  });
}
