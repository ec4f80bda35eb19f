/** Something that must not be. Units: milliseconds since the beginning. */
export type Surprise = Readonly<{ atMs: number; text: string }>;

/** What is written down while it goes on. */
export interface Books {
  /** Units: milliseconds since the beginning. */
  now(): number;
  surprise(text: string): void;
  readonly surprises: readonly Surprise[];
}

/** Of a thousand surprises the first tell the story. */
const MOST = 50;

export function openBooks(): Books {
  const startedAtMs = performance.now();
  const surprises: Surprise[] = [];
  const now = () => Math.round(performance.now() - startedAtMs);
  return {
    now,
    surprise(text) {
      if (surprises.length < MOST) surprises.push({ atMs: now(), text });
    },
    surprises,
  };
}
