import { statSync, utimesSync, writeFileSync } from "node:fs";

/**
 * Has processes that write to one file take turns, by a second file beside it (`queue.db-turn`) whose time says when somebody waited last.
 * Why: SQLite gives its write lock to whoever asks in the right moment. One that always has something to write asks again right after
 * it has let go, and the others, which ask now and then, may wait for ever.
 * Errors: none; where the second file cannot be written there are no turns.
 */
export class Turns {
  readonly #path: string;
  readonly #known: boolean;

  constructor(database: string) {
    this.#path = `${database}-turn`;
    this.#known = attempt(() => writeFileSync(this.#path, "", { flag: "a", mode: 0o600 }));
  }

  /** Says that we wait. */
  ask(): void {
    const now = Date.now() / 1_000;
    if (this.#known) attempt(() => utimesSync(this.#path, now, now));
  }

  /** Whether somebody has waited since then. Units: wall time, milliseconds since 1970. */
  wasAskedSince(atMs: number): boolean {
    let askedMs = 0;
    if (this.#known) attempt(() => (askedMs = statSync(this.#path).mtimeMs));
    return askedMs >= atMs;
  }
}

function attempt(action: () => unknown): boolean {
  try {
    action();
    return true;
  } catch {
    return false;
  }
}
