import { createAgenda } from "./agenda.ts";
import { attend, type Connection, connect, type Failed, type Fate } from "./connection.ts";
import type { LoadOrder } from "./order.ts";
import { createRecorder } from "./recorder.ts";
import type { Response } from "./response.ts";
import { targetOf, wait, watch, word } from "./wire.ts";

/**
 * The load's own process: closed loops until `stop` comes on stdin, then one line with the tally on stdout.
 * Shape: `runs 1767694332345.5` is its first line, with when it began; `count` is answered with the requests so far.
 * A failed request is never repeated: the loop goes on with the next number on a new connection.
 * One loop of its own around epoll_wait: neither timers nor streams of the runtime are used.
 */

/** After a failure a loop pauses, or a dead server would be asked a hundred thousand times a second. */
const PAUSE_AFTER_FAILURE_MS = 10;
/** How often it is looked whether a request has waited for too long. */
const LOOK_MS = 20;
const STDIN = 0;

type Kind = "keep-alive" | "one-shot" | "slow";
type Loop = { readonly kind: Kind; connection: Connection | null; n: number; fates: number; askedAtMs: number | null };

const order = JSON.parse(process.argv[2] ?? "null") as LoadOrder;
const target = targetOf(order.address);
const agenda = createAgenda<Loop>();
let stopping = false;
let number = 0;

const loops = [
  ...Array.from({ length: order.keepAlive }, () => loopOf("keep-alive")),
  ...Array.from({ length: order.oneShot }, () => loopOf("one-shot")),
  ...Array.from({ length: order.slow?.loops ?? 0 }, () => loopOf("slow")),
];
let untouched = loops.filter(({ kind }) => kind !== "slow").length;
let running = loops.length;

const startedAtMs = performance.now();
const recorder = createRecorder(startedAtMs);
watch(STDIN);
if (untouched === 0) announce();
for (const loop of loops) turn(loop);
for (let lookAtMs = 0; running > 0; ) {
  wait(Math.max(0, Math.min(LOOK_MS, Math.ceil(agenda.nextAtMs - performance.now()))), happened);
  for (let loop = agenda.due(performance.now()); loop; loop = agenda.due(performance.now())) turn(loop);
  if (performance.now() < lookAtMs) continue;
  lookAtMs = performance.now() + LOOK_MS;
  for (const loop of loops) expire(loop, lookAtMs);
}
console.log(JSON.stringify(recorder.tally(performance.now())));
process.exit(0);

/** Every quick loop has seen the fate of its first request. */
function announce(): void {
  console.log(`runs ${performance.timeOrigin + startedAtMs}`);
}

function loopOf(kind: Kind): Loop {
  return { kind, connection: null, n: 0, fates: 0, askedAtMs: null };
}

function happened(fd: number, over: boolean): void {
  if (fd === STDIN) obey(word(fd));
  else attend(fd, over);
}

function obey(said: string): void {
  if (said === "") process.exit(1);
  if (said === "count") console.log(recorder.count());
  stopping ||= said === "stop";
  if (stopping) for (const loop of agenda.take(mayRest)) turn(loop);
}

/** Begins a loop's next request, unless it may rest. */
function turn(loop: Loop): void {
  if (stopping && mayRest(loop)) {
    loop.connection?.close();
    running--;
    return;
  }
  loop.askedAtMs = performance.now();
  loop.n = ++number;
  const connection = connectionOf(loop, loop.askedAtMs);
  if ("failure" in connection) settle(loop, connection);
  else connection.ask(requestText(loop.kind, loop.n));
}

function mayRest({ fates }: Loop): boolean {
  return fates >= order.leastPerLoop;
}

/** The kept connection when there still is one, else a new one. */
function connectionOf(loop: Loop, nowMs: number): Connection | Failed {
  const kept = loop.connection;
  if (kept && kept.unaskedBytes > 0) {
    return { failure: "wrong-body", detail: `${kept.unaskedBytes} bytes that nobody asked for` };
  }
  if (kept && kept.goneAtMs === null) return kept;
  if (kept && nowMs - (kept.goneAtMs ?? 0) < order.blindMs) {
    return { failure: "eof-reused", detail: "closed while the request was on its way" };
  }
  if (kept) recorder.idleClosed();
  kept?.close();
  const opened = connect(target, (fate) => settle(loop, fate));
  if ("failure" in opened) return opened;
  recorder.opened();
  loop.connection = opened;
  return opened;
}

function expire(loop: Loop, nowMs: number): void {
  if (loop.askedAtMs === null || nowMs - loop.askedAtMs < order.limitMs) return;
  settle(loop, { failure: "timeout", detail: `request ${loop.n}` });
}

function settle(loop: Loop, fate: Fate): void {
  const nowMs = performance.now();
  const tookMs = nowMs - (loop.askedAtMs ?? nowMs);
  loop.askedAtMs = null;
  loop.fates++;
  const judged = "failure" in fate ? fate : judge(fate, loop.n);
  if ("failure" in judged) {
    recorder.failed(nowMs, judged.failure, judged.detail);
    drop(loop);
  } else {
    recorder.answered(nowMs, tookMs, judged.generation, loop.kind !== "slow");
    if (judged.close && loop.kind !== "one-shot") recorder.toldToClose();
    if (judged.close || loop.kind === "one-shot") drop(loop);
  }
  if (loop.fates === 1 && loop.kind !== "slow" && --untouched === 0) announce();
  const pauseMs = "failure" in judged ? PAUSE_AFTER_FAILURE_MS : thinkMs(loop.kind);
  if (pauseMs === 0 || (stopping && mayRest(loop))) turn(loop);
  else agenda.add(nowMs + pauseMs, loop);
}

function drop(loop: Loop): void {
  loop.connection?.close();
  loop.connection = null;
}

function thinkMs(kind: Kind): number {
  if (kind === "slow") return 0;
  return order.thinkEvenly ? Math.random() * order.thinkMs : order.thinkMs;
}

function requestText(kind: Kind, n: number): string {
  const to = kind === "slow" ? `/slow?ms=${order.slow?.ms}&n=${n}` : `${order.path}?n=${n}`;
  const close = kind === "one-shot" ? "Connection: close\r\n" : "";
  const body = order.method === "POST" ? `{"n":${n}}` : "";
  const length = body === "" ? "" : `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
  return `${order.method} ${to} HTTP/1.1\r\nHost: load.test\r\n${close}${length}\r\n${body}`;
}

/** Whether this is the answer to request `n`, and who gave it. */
function judge({ status, body, excess, close }: Response, n: number): Failed | { generation: string; close: boolean } {
  const wrong = (detail: string): Failed => ({ failure: "wrong-body", detail });
  if (status !== 200) return { failure: "wrong-status", detail: `status ${status}: ${body.slice(0, 80)}` };
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
