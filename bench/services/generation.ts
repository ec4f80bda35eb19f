import { spawn } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { type Life, leadLife, processLife } from "../../services/kit/life.ts";
import { notify } from "../../services/kit/notify.ts";
import { serve } from "../../services/kit/serve.ts";
import { SAY_READY } from "../../test/support/unit-text.ts";

/**
 * One generation of a measured service. It answers with its generation and the number it was asked with, and keeps books in its
 * working directory: a line in `notes/stamps.ndjson` when it is ready and another when it has drained, and in `notes/ids-GENERATION-PID` the
 * numbers of the POSTs that it has taken, four bytes each. `IDLE_MS`: the kit's `idleMs`.
 * How it behaves stands in the file `behaviour-UNIT` when it starts: `serve` (also without a file), `exit`, `hang`,
 * `die-in-soak MS`, `own-port`, `ready-twice`, `ready-by-child`, `deaf`. `/stream` has no end. Units: milliseconds since 1970 with fractions.
 */

// Not in the folder itself: that is watched by the supervisor.
mkdirSync("notes", { recursive: true });

const unit = process.env.SUPERVISOR_UNIT ?? "alone";
const generation = Number(process.env.SUPERVISOR_GENERATION ?? 0);
const idleMs = process.env.IDLE_MS;
const ids: number[] = [];
const FIRST_BYTES = new TextEncoder().encode("…\n");
const wallMs = () => performance.timeOrigin + performance.now();

const file = `behaviour-${unit}`;
const [behaviour, ms] = existsSync(file) ? readFileSync(file, "utf8").trim().split(" ") : [];
if (behaviour === "exit") process.exit(3);
else if (behaviour === "hang") setInterval(() => {}, 60_000);
else if (behaviour === "own-port") createServer(() => {}).listen(0, "127.0.0.1", () => processLife().ready());
else await begin();
if (behaviour === "die-in-soak") setTimeout(die, Number(ms));
if (behaviour === "ready-twice") setTimeout(() => notify({ READY: "1" }), 50);
if (behaviour === "ready-by-child") spawn("/bin/sh", ["-c", SAY_READY]);

async function begin(): Promise<void> {
  const life = behaviour === "deaf" ? deafLife() : processLife();
  const served = await serve({ fetch: answer }, { life, ...(idleMs ? { idleMs: Number(idleMs) } : {}) });
  // Behind the kit's own finisher, which has just stopped to accept.
  life.onDrain(async () => {
    const acceptedUntilMs = wallMs();
    await served.close();
    if (ids.length > 0) writeFileSync(`notes/ids-${generation}-${process.pid}`, Uint32Array.from(ids));
    note({ event: "drained", acceptedUntilMs });
  });
  const readyAtMs = wallMs();
  life.ready();
  note({ event: "ready", bornAtMs: performance.timeOrigin, readyAtMs });
}

/** Of one that takes no notice of SIGTERM. */
function deafLife(): Life {
  process.on("SIGTERM", () => {});
  return leadLife({ exit: () => {}, notify, report: console.error }).life;
}

/** Says how many descriptors it had, which is more than it had connections. */
function die(): void {
  note({ event: "died", inHand: readdirSync("/proc/self/fd").length });
  process.exit(1);
}

function note(what: Readonly<Record<string, string | number>>): void {
  appendFileSync(
    "notes/stamps.ndjson",
    `${JSON.stringify({ unit, generation, pid: process.pid, ...what, atMs: wallMs() })}\n`,
  );
}

function answer(request: Request): Response | Promise<Response> {
  const n = Number(request.url.slice(request.url.indexOf("n=") + 2));
  if (Number.isNaN(n)) return new Response(new ReadableStream({ start: (stream) => stream.enqueue(FIRST_BYTES) }));
  return request.method === "POST" ? take(request, n) : Response.json({ generation, n });
}

/** Errors: 400 when the body is not the one that belongs to the number. */
async function take(request: Request, n: number): Promise<Response> {
  const { n: told } = (await request.json()) as { n?: unknown };
  if (told !== n) return new Response("another body", { status: 400 });
  ids.push(n);
  return Response.json({ generation, n });
}
