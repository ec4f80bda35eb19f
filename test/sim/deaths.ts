import { type Death, type Outcome, simulate } from "./simulation.ts";

/** How many orders a run of the corpus is given: short ones, since each is run once for every way to die in it. */
const ORDERS = 5;

/** Dies now and then, anywhere. */
export const sometimes: Death = (_turn, deeds, random) => (random.chance(4) ? random.below(deeds + 2) : null);

/** Runs one world once for each moment at which its daemon can die: before anything of a turn is written, and after every deed. */
export function* everyDeath(seed: number): Generator<Outcome> {
  const moments: (readonly [turn: number, deeds: number])[] = [];
  simulate(seed, ORDERS, (turn, deeds) => {
    moments.push([turn, deeds]);
    return null;
  });
  for (const [at, deeds] of moments) {
    for (let moment = 0; moment <= deeds + 1; moment++) {
      yield simulate(seed, ORDERS, (turn) => (turn === at ? moment : null));
    }
  }
}
