import { everyDeath, sometimes } from "./deaths.ts";
import { type Outcome, simulate } from "./simulation.ts";
import type { Sum } from "./sum.ts";

/** What becomes of the daemon: it lives on, dies now and then, or dies once at every moment there is. */
const ways: Readonly<Record<string, (seed: number) => Iterable<Outcome>>> = {
  lives: (seed) => [simulate(seed)],
  dies: (seed) => [simulate(seed, undefined, sometimes)],
  "dies-everywhere": everyDeath,
};

/** Runs seeds `first` … `first + count - 1`, or until three of them are broken, and prints what came of them as one JSON line. */
const [first = 1, count = 500] = process.argv.slice(2, 4).map(Number);
const way = ways[process.argv[4] ?? "lives"];
if (!way) throw new Error(`run.ts FIRST COUNT ${Object.keys(ways).join("|")}`);
const broken: Sum["broken"][number][] = [];
const hashes: string[] = [];
let handovers = 0;
for (let seed = first; seed < first + count && broken.length < 3; seed++) {
  for (const outcome of way(seed)) {
    if (outcome.breaches.length > 0) broken.push({ seed, breaches: outcome.breaches });
    hashes.push(outcome.hash);
    handovers += outcome.handovers;
    if (broken.length >= 3) break;
  }
}
console.log(JSON.stringify({ broken, worlds: hashes.length, handovers, hashes: hashes.join("") } satisfies Sum));
