import { appendFileSync } from "node:fs";
import { processLife } from "../../../services/kit/life.ts";

/**
 * One service of a group whose order is watched: it writes into `order.log` of its working directory when it starts, when it is
 * asked to go, and when it goes. Each takes a moment, so that a wrong order shows.
 * Shape: `started db`, `leaving db`, `left db`.
 */

const MOMENT_MS = 100;
const name = process.argv[2] ?? "unnamed";
const note = (event: string) => appendFileSync("order.log", `${event} ${name}\n`);
const moment = () => new Promise((resolve) => setTimeout(resolve, MOMENT_MS));

const life = processLife();
const awake = setInterval(() => {}, 60_000);
life.onDrain(async () => {
  note("leaving");
  await moment();
  note("left");
  clearInterval(awake);
});
await moment();
note("started");
life.ready();
