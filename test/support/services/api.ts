import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { promisify } from "node:util";
import { processLife } from "../../../services/kit/life.ts";
import { notify } from "../../../services/kit/notify.ts";
import { serve } from "../../../services/kit/serve.ts";

/**
 * The service of the scenarios. How a generation behaves stands in the file `behaviour` of its working directory when it starts,
 * so that one unit file makes good and bad generations: `serve` (also without a file), `exit-before-ready`, `own-port` (it says
 * that it is ready, and serves a port of its own), `refuse-instance N` (only that instance exits before it is ready), `when FILE` (it
 * serves once that file is there). Where it has a watchdog it gives signs of life.
 * Shape: `GET /echo?n=7` answers `{"pid":42,"generation":3,"n":7}`; `GET /slow?ms=500&n=7` the same, later;
 * `GET /helper?ms=500&n=7` the same, when a child of this process has slept for so long.
 */

const FILE = "behaviour";
const generation = Number(process.env.SUPERVISOR_GENERATION ?? 0);
const [behaviour = "serve", ms = "0"] = existsSync(FILE) ? readFileSync(FILE, "utf8").trim().split(" ") : [];

switch (behaviour) {
  case "serve":
    await begin();
    break;
  case "when":
    while (!existsSync(ms)) await new Promise((resolve) => setTimeout(resolve, 20));
    await begin();
    break;
  case "own-port":
    createServer(() => {}).listen(0, "127.0.0.1", () => processLife().ready("serving somewhere"));
    console.error("which port?");
    break;
  case "refuse-instance":
    if (process.env.SUPERVISOR_INSTANCE === ms) process.exit(3);
    await begin();
    break;
  case "exit-before-ready":
    console.log("reading the settings");
    console.error("no database at db.internal:5432");
    process.exit(3);
    break;
  default:
    throw new Error(`no such behaviour: ${behaviour}`);
}

async function begin(): Promise<void> {
  const life = processLife();
  const served = await serve({ fetch: answer }, { life });
  console.log(`serving ${served.address}, ${served.mode}`);
  life.ready("serving");
  const watchdogMs = Number(process.env.WATCHDOG_USEC ?? 0) / 1000;
  if (watchdogMs > 0) setInterval(() => notify({ WATCHDOG: "1" }), watchdogMs / 4);
}

async function answer(request: Request): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  if (pathname === "/slow") await new Promise((resolve) => setTimeout(resolve, Number(searchParams.get("ms"))));
  if (pathname === "/helper") await helped(Number(searchParams.get("ms")));
  return Response.json({ pid: process.pid, generation, n: Number(searchParams.get("n")) });
}

/** Errors: rejects when the helper was killed. */
async function helped(ms: number): Promise<void> {
  await promisify(execFile)("sleep", [String(ms / 1000)]);
}
