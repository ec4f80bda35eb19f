const PERIOD_MS = 20;

/**
 * Asks until the answer is something other than null, undefined or false; for facts that announce themselves nowhere (/proc, files).
 * Units: `boundMs` milliseconds. Errors: throws `not within N ms: WHAT`, with the answer of `seen` when given.
 */
export async function eventually<T>(
  ask: () => T | Promise<T>,
  boundMs: number,
  what: string,
  seen?: () => unknown,
): Promise<NonNullable<Exclude<T, false>>> {
  const end = performance.now() + boundMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null && answer !== undefined && answer !== false) {
      return answer as NonNullable<Exclude<T, false>>;
    }
    if (performance.now() > end) {
      const last = seen ? `; seen: ${JSON.stringify(seen())}` : "";
      throw new Error(`not within ${boundMs} ms: ${what}${last}`);
    }
    await new Promise((resolve) => setTimeout(resolve, PERIOD_MS));
  }
}
