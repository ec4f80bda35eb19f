import { simulate } from "./simulation.ts";

/** Runs seeds `first` … `first + count - 1` and prints one JSON line: what the test compares between the two runtimes. */
const [first = "1", count = "500"] = process.argv.slice(2);
const outcomes = Array.from({ length: Number(count) }, (_, index) => simulate(Number(first) + index));
const broken = outcomes.filter((outcome) => outcome.breaches.length > 0).slice(0, 3);
const handovers = outcomes.reduce((sum, outcome) => sum + outcome.handovers, 0);
const turns = outcomes.reduce((sum, outcome) => sum + outcome.turns, 0);
console.log(JSON.stringify({ broken, turns, handovers, hashes: outcomes.map((outcome) => outcome.hash).join("") }));
