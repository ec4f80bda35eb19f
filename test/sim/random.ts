/** A seeded generator in integer steps only, so that every engine draws the same numbers. */
export type Random = Readonly<{
  /** Uniform in 0 … below-1. */
  below(below: number): number;
  chance(percent: number): boolean;
  pick<T>(from: readonly [T, ...T[]]): T;
}>;

export function createRandom(seed: number): Random {
  let state = (seed ^ 0x9e3779b9) >>> 0 || 1;
  // xorshift32, Marsaglia 2003.
  const next = (): number => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
  for (let warm = 0; warm < 8; warm++) next();
  const below = (limit: number): number => next() % limit;
  return {
    below,
    chance: (percent) => below(100) < percent,
    pick: (from) => from[below(from.length)] ?? from[0],
  };
}
