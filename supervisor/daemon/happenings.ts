import type { Happening } from "./ports.ts";

const kept = 1000;

/** The last happenings, for whoever asks later, and each new one for whoever listens. Bound: 1000 are kept; a listener that falls behind by more misses the oldest. */
export interface Happenings {
  add(happening: Omit<Happening, "seq">): void;
  after(seq: number, signal: AbortSignal): AsyncIterable<Happening>;
}

export function createHappenings(): Happenings {
  const ring: Happening[] = [];
  const waiting = new Set<() => void>();
  let last = 0;

  const add = (happening: Omit<Happening, "seq">): void => {
    ring.push({ seq: ++last, ...happening });
    if (ring.length > kept) ring.shift();
    for (const wake of waiting) wake();
    waiting.clear();
  };

  async function* after(seq: number, signal: AbortSignal): AsyncIterable<Happening> {
    let seen = seq > last ? 0 : seq;
    while (!signal.aborted) {
      // Their numbers follow each other.
      const next = ring[Math.max(0, seen + 1 - (ring[0]?.seq ?? 0))];
      if (next) {
        seen = next.seq;
        yield next;
      } else {
        await news(signal, waiting);
      }
    }
  }

  return { add, after };
}

function news(signal: AbortSignal, waiting: Set<() => void>): Promise<void> {
  return new Promise((resolve) => {
    const wake = (): void => {
      waiting.delete(wake);
      signal.removeEventListener("abort", wake);
      resolve();
    };
    waiting.add(wake);
    signal.addEventListener("abort", wake, { once: true });
  });
}
