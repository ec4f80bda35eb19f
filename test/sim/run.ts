import { simulate } from "./simulation.ts";
import type { Sum } from "./sum.ts";

/** Runs seeds `first` … `first + count - 1`, or until three of them are broken, and prints what came of them as one JSON line. */
const [first = 1, count = 500] = process.argv.slice(2).map(Number);
const broken: Sum["broken"][number][] = [];
const hashes: string[] = [];
let handovers = 0;
for (let seed = first; seed < first + count && broken.length < 3; seed++) {
  const outcome = simulate(seed);
  if (outcome.breaches.length > 0) broken.push({ seed, breaches: outcome.breaches });
  hashes.push(outcome.hash);
  handovers += outcome.handovers;
}
console.log(JSON.stringify({ broken, worlds: hashes.length, handovers, hashes: hashes.join("") } satisfies Sum));
