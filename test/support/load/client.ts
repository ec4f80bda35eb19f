import { type Connection, type Failed, open } from "./connection.ts";
import type { LoadOrder } from "./order.ts";
import { createRecorder } from "./recorder.ts";
import type { Response } from "./response.ts";

/**
 * The load's own process: closed loops until a line comes on stdin, then one line with the tally on stdout.
 * A failed request is never repeated: the loop goes on with the next number on a new connection.
 */

/** After a failure a loop pauses, or a dead server would be asked a hundred thousand times a second. */
const PAUSE_AFTER_FAILURE_MS = 10;

type Kind = "keep-alive" | "one-shot" | "slow";

const order = JSON.parse(process.argv[2] ?? "null") as LoadOrder;
const recorder = createRecorder(performance.now());
let stopping = false;
let number = 0;
let untouched = 0;

process.stdin.once("data", () => {
  stopping = true;
});
process.stdin.once("end", () => process.exit(1));

const loops = [
  ...Array.from({ length: order.keepAlive }, () => run("keep-alive")),
  ...Array.from({ length: order.oneShot }, () => run("one-shot")),
  ...Array.from({ length: order.slow?.loops ?? 0 }, () => run("slow")),
];
await Promise.all(loops);
console.log(JSON.stringify(recorder.tally(performance.now())));
process.exit(0);

async function run(kind: Kind): Promise<void> {
  untouched++;
  let connection: Connection | null = null;
  for (let fates = 0; !stopping || fates < order.leastPerLoop; fates++) {
    connection = await turn(kind, connection);
    if (fates === 0 && kind !== "slow") announce();
    if (order.thinkMs > 0 && kind !== "slow") await pause(order.thinkMs);
  }
  connection?.close();
}

/** Says `running` once every quick loop has seen the fate of its first request. */
function announce(): void {
  untouched--;
  if (untouched === (order.slow?.loops ?? 0)) console.log("running");
}

/** One request and its fate; gives back the connection when the next request may use it. */
async function turn(kind: Kind, kept: Connection | null): Promise<Connection | null> {
  const startedAtMs = performance.now();
  if (kept?.gone()) recorder.idleClosed();
  const connection = kept && !kept.gone() ? kept : await open(order.address, order.limitMs);
  if ("failure" in connection) return lose(connection);
  if (connection !== kept) recorder.opened();
  const n = ++number;
  const fate = await connection.ask(requestText(kind, n));
  const judged = "failure" in fate ? fate : judge(fate, n);
  if ("failure" in judged) {
    connection.close();
    return lose(judged);
  }
  const atMs = performance.now();
  recorder.answered(atMs, atMs - startedAtMs, judged.generation, kind !== "slow");
  if (judged.close && kind !== "one-shot") recorder.toldToClose();
  if (!judged.close && kind !== "one-shot") return connection;
  connection.close();
  return null;
}

async function lose({ failure, detail }: Failed): Promise<null> {
  recorder.failed(failure, detail);
  await pause(PAUSE_AFTER_FAILURE_MS);
  return null;
}

function requestText(kind: Kind, n: number): string {
  const target = kind === "slow" ? `/slow?ms=${order.slow?.ms}&n=${n}` : `${order.path}?n=${n}`;
  const close = kind === "one-shot" ? "Connection: close\r\n" : "";
  return `GET ${target} HTTP/1.1\r\nHost: load.test\r\n${close}\r\n`;
}

/** Whether this is the answer to request `n`, and who gave it. */
function judge({ status, body, excess, close }: Response, n: number): Failed | { generation: string; close: boolean } {
  const wrong = (detail: string): Failed => ({ failure: "wrong", detail });
  if (status !== 200) return wrong(`status ${status}: ${body.slice(0, 80)}`);
  if (excess > 0) return wrong(`${excess} bytes behind the answer`);
  const answer = parse(body);
  if (answer?.n !== n) return wrong(`asked ${n}, answered ${body.slice(0, 80)}`);
  return { generation: String(answer.generation ?? "unnamed"), close };
}

function parse(body: string): { n?: unknown; generation?: unknown } | null {
  try {
    return JSON.parse(body);
  } catch {
    return null; // not JSON: the caller reports it as a wrong answer, with its text
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
