import { appendFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { processLife } from "../../../services/kit/life.ts";
import { serve } from "../../../services/kit/serve.ts";

/**
 * A service of which there must never be two: it holds the lock of a database for as long as it lives, and ends without it.
 * Meanwhile it does what a leader does, every few milliseconds, and writes into the file `turns` who has done it.
 * Shape: `GET /echo?n=7` answers `{"generation":42,"n":7}`, where 42 is its pid: a restart is no new generation.
 */

const TURN_MS = 5;

const database = new DatabaseSync("exclusive.db");
try {
  database.exec("BEGIN EXCLUSIVE");
} catch (error) {
  console.error(`exclusive.db: ${(error as Error).message}`);
  process.exit(3);
}
const life = processLife();
turn();
const leading = setInterval(turn, TURN_MS);
life.onDrain(() => clearInterval(leading));
// A database that nobody names any more would be collected, and its lock with it.
process.once("exit", () => database.close());

await serve({ fetch: answer }, { life });
life.ready();

function turn(): void {
  appendFileSync("turns", `${process.pid}\n`);
}

function answer(request: Request): Response {
  return Response.json({ generation: process.pid, n: Number(new URL(request.url).searchParams.get("n")) });
}
