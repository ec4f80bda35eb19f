import { spawnSync } from "node:child_process";
import { createServer } from "node:http";
import { leadLife, processLife } from "../../../services/kit/life.ts";
import { notify } from "../../../services/kit/notify.ts";
import { serve } from "../../../services/kit/serve.ts";

/**
 * A service that plays the part it is given, of a good generation or of a bad one: `actor.ts PART [MS]`.
 * `serve`; `ready-twice`: it says READY=1 again while it is on probation, and after; `exit MS`, `ill MS`, `stuck MS`: so long after
 * READY it exits with code 1, is not ready any more by its probe, or not alive any more; `cold MS`: it exits so long after it was to serve, and never says READY;
 * `wrong`: it answers /echo with 500; `slow MS`: it takes so long for that. What it has answered it tells at `/metrics`.
 * `leak MS`: so long after READY it begins to take more and more memory. `own-port`: it serves a port of its own; `deaf`: it takes no
 * notice of SIGTERM; `wordy`: it prints megabytes when it is asked to go.
 * Shape: `GET /echo?n=7` answers `{"pid":42,"generation":3,"n":7}`; `/stream` never ends; `/forge?socket=PATH` says READY=1 there.
 */

const generation = Number(process.env.SUPERVISOR_GENERATION ?? 0);
const [part = "serve", ms = "0"] = process.argv.slice(2);
const FLOOD_LINES = 40_000;
const LEAK_BYTES = 16 * 1024 * 1024;
const LEAK_EVERY_MS = 20;
const leaked: Uint8Array[] = [];
const answered = { count: 0, seconds: 0 };
let [isIll, isStuck] = [false, false];

switch (part) {
  case "own-port":
    createServer(() => {}).listen(0, "127.0.0.1", () => processLife().ready("serving somewhere"));
    console.error("which port?");
    break;
  case "cold":
    await serve({ fetch: answer }, { life: processLife() });
    setTimeout(fail, Number(ms));
    break;
  case "deaf": {
    process.on("SIGTERM", () => console.log("who, me?"));
    const edge = { exit: () => {}, notify, report: console.error };
    await begin(leadLife(edge).life);
    break;
  }
  default:
    await begin(processLife());
}

if (part === "ready-twice") for (const after of [50, 600]) setTimeout(() => notify({ READY: "1" }), after);
if (part === "exit") setTimeout(fail, Number(ms));
if (part === "ill") setTimeout(() => (isIll = true), Number(ms));
if (part === "stuck") setTimeout(() => (isStuck = true), Number(ms));
if (part === "leak") setTimeout(() => setInterval(leak, LEAK_EVERY_MS), Number(ms));
if (part === "wordy") processLife().onDrain(() => console.log("a word for the road\n".repeat(FLOOD_LINES)));

async function begin(life: ReturnType<typeof processLife>): Promise<void> {
  const served = await serve({ fetch: answer }, { life });
  console.log(`serving ${served.address}, ${served.mode}`);
  life.ready("serving");
}

/** Written to, so that it is the process' own. */
function leak(): void {
  leaked.push(new Uint8Array(LEAK_BYTES).fill(leaked.length));
}

function fail(): void {
  console.error("lost the database");
  process.exit(1);
}

function answer(request: Request): Response | Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  if (pathname === "/readyz") return new Response(isIll ? "no disk" : "well", { status: isIll ? 503 : 200 });
  if (pathname === "/livez") return new Response(isStuck ? "stuck" : "alive", { status: isStuck ? 503 : 200 });
  if (pathname === "/stream") return new Response(endless());
  if (pathname === "/forge") forge(searchParams.get("socket") ?? "");
  if (pathname === "/metrics") return new Response(figures());
  return echo(Number(searchParams.get("n")));
}

async function echo(n: number): Promise<Response> {
  const begun = performance.now();
  if (part === "slow") await new Promise((resolve) => setTimeout(resolve, Number(ms)));
  answered.seconds += (performance.now() - begun) / 1000;
  answered.count++;
  return Response.json({ pid: process.pid, generation, n }, { status: part === "wrong" ? 500 : 200 });
}

function figures(): string {
  const { count, seconds } = answered;
  const code = part === "wrong" ? 500 : 200;
  const duration = `http_request_duration_seconds_sum ${seconds}\nhttp_request_duration_seconds_count ${count}\n`;
  const types = "# TYPE http_requests_total counter\n# TYPE http_request_duration_seconds summary\n";
  return `${types}http_requests_total{code="${code}"} ${count}\n${duration}`;
}

function endless(): ReadableStream<Uint8Array> {
  let timer: ReturnType<typeof setInterval> | undefined;
  return new ReadableStream({
    start: (stream) => {
      timer = setInterval(() => stream.enqueue(new TextEncoder().encode("tick\n")), 50);
    },
    cancel: () => clearInterval(timer),
  });
}

/** Says READY=1 on another's socket, by a child of this process. */
function forge(socket: string): void {
  const line = 'use Socket; socket(S, PF_UNIX, SOCK_DGRAM, 0); send(S, "READY=1", 0, sockaddr_un($ARGV[0])) or die';
  spawnSync("perl", ["-e", line, socket], { timeout: 5_000 });
}
