/** An answer as it was last given. `ageMs`: how long ago it was true. */
export type Known = Readonly<{ text: string; ageMs: number }>;

/** The last answer about each task, for as long as the store is away. */
export interface LastKnown {
  see(id: string, text: string): void;
  forget(id: string): void;
  of(id: string): Known | null;
}

/** Units: UTF-16 code units, of all answers together. */
const MOST = 8 * 1024 * 1024;

/** Forgets the one first that was not seen for the longest time. `now`: monotonic milliseconds. */
export function createLastKnown(now: () => number = () => performance.now(), most = MOST): LastKnown {
  const answers = new Map<string, Readonly<{ text: string; atMs: number }>>();
  let held = 0;

  const forget = (id: string): void => {
    held -= answers.get(id)?.text.length ?? 0;
    answers.delete(id);
  };

  return {
    see(id, text) {
      forget(id);
      answers.set(id, { text, atMs: now() });
      held += text.length;
      for (const oldest of answers.keys()) {
        if (held <= most) return;
        forget(oldest);
      }
    },
    forget,
    of(id) {
      const known = answers.get(id);
      return known ? { text: known.text, ageMs: now() - known.atMs } : null;
    },
  };
}
