import { attend, type Connection, connect, type Fate } from "../../test/support/load/connection.ts";
import { targetOf, wait } from "../../test/support/load/wire.ts";

/**
 * Clients that do not wait for each other, in a process of their own: `perSecond` requests a second whatever becomes of them, each on a connection
 * that is free, else on a new one, and given up at its deadline. Its only line is what came of them. On Bun.
 */
export type ClientOrder = Readonly<{
  address: string;
  /** One whole HTTP request. */
  request: string;
  /** 0: each connection asks again as soon as it is answered. */
  perSecond: number;
  /**
   * How many clients those requests come from: one that is answered 503 is silent for as long as Retry-After says, and what it would have asked
   * meanwhile is held back. 0: nobody listens to that.
   */
  clients: number;
  /** The most connections. */
  connections: number;
  /** What is asked in the first `warmMs` is not counted. */
  warmMs: number;
  forMs: number;
  deadlineMs: number;
}>;

/** `good`: 202 within the deadline; `refused`: 503; `late`: given up; `unsent`: every connection was taken; `failed`: any other end. */
export type Counted = Readonly<{
  good: number;
  refused: number;
  late: number;
  heldBack: number;
  unsent: number;
  failed: number;
  /** Of a few that failed. */
  reasons: readonly string[];
  /** How long those took that are good, and those that were refused. */
  goodMs: readonly number[];
  refusedMs: readonly number[];
}>;

type Asker = { connection: Connection | null; askedAtMs: number; isWaiting: boolean; client: number };

const MOST_REASONS = 5;

/** How long a client that listens is silent after a request that was not answered. */
const UNANSWERED_MS = 1_000;

const order = JSON.parse(process.argv[2] ?? "null") as ClientOrder;
const target = targetOf(order.address);
const isClosed = order.perSecond === 0;
const free: Asker[] = [];
const silentUntilMs = new Float64Array(order.clients);
const count = { good: 0, refused: 0, late: 0, heldBack: 0, unsent: 0, failed: 0 };
const reasons: string[] = [];
const goodMs: number[] = [];
const refusedMs: number[] = [];
/** In the order in which they asked; most have been answered since. */
let asked: { asker: Asker; atMs: number }[] = [];
let askers = 0;

const startMs = performance.now();
const countMs = startMs + order.warmMs;
const endMs = countMs + order.forMs;
if (isClosed) while (askers < order.connections) ask(newAsker(), startMs);
for (let sent = 0, nowMs = startMs; nowMs < endMs + order.deadlineMs; nowMs = performance.now()) {
  wait(1, attend);
  giveUp(performance.now() - order.deadlineMs);
  const due = Math.floor(((Math.min(performance.now(), endMs) - startMs) / 1000) * order.perSecond);
  for (; sent < due; sent++) arrive(startMs + (sent * 1000) / order.perSecond);
}
console.log(JSON.stringify({ ...count, reasons, goodMs, refusedMs } satisfies Counted));
process.exit(0);

/** One more request is there, and was due at that time: a client that is itself behind makes nothing look quicker. */
function arrive(atMs: number): void {
  const client = Math.floor(Math.random() * order.clients);
  const isSilent = (silentUntilMs[client] ?? 0) > atMs;
  const asker = isSilent ? null : (free.pop() ?? (askers < order.connections ? newAsker() : null));
  if (asker) {
    asker.client = client;
    ask(asker, atMs);
  } else note(isSilent ? "heldBack" : "unsent", atMs);
}

function newAsker(): Asker {
  askers++;
  return { connection: null, askedAtMs: 0, isWaiting: false, client: 0 };
}

function ask(asker: Asker, atMs: number): void {
  asker.askedAtMs = atMs;
  asker.isWaiting = true;
  asked.push({ asker, atMs });
  if (asker.connection && asker.connection.goneAtMs !== null) drop(asker);
  if (asker.connection === null) {
    const opened = connect(target, (fate) => settle(asker, fate));
    if ("failure" in opened) settle(asker, opened);
    else asker.connection = opened;
  }
  asker.connection?.ask(order.request);
}

function settle(asker: Asker, fate: Fate): void {
  const { askedAtMs } = asker;
  if ("failure" in fate || fate.close) drop(asker);
  const status = "failure" in fate ? 0 : fate.status;
  if (status === 202) note("good", askedAtMs, goodMs);
  else if (status === 503) note("refused", askedAtMs, refusedMs);
  else note("failed", askedAtMs);
  if (status !== 202 && status !== 503 && reasons.length < MOST_REASONS) reasons.push(JSON.stringify(fate));
  if (status === 503 && "headers" in fate) silence(asker, Number(fate.headers["retry-after"]) * 1000);
  goOn(asker);
}

/** Lets those go whose deadline is over, with their connections, as clients do. */
function giveUp(beforeMs: number): void {
  let at = 0;
  for (let next = asked[at]; next && next.atMs <= beforeMs; next = asked[++at]) {
    const { asker, atMs } = next;
    if (!asker.isWaiting || asker.askedAtMs !== atMs) continue;
    note("late", atMs);
    silence(asker, UNANSWERED_MS);
    drop(asker);
    goOn(asker);
  }
  if (at > 0) asked = asked.slice(at);
}

function silence({ client }: Asker, forMs: number): void {
  if (client < order.clients) silentUntilMs[client] = performance.now() + forMs;
}

function goOn(asker: Asker): void {
  asker.isWaiting = false;
  const nowMs = performance.now();
  if (isClosed && nowMs < endMs) ask(asker, nowMs);
  else free.push(asker);
}

function drop(asker: Asker): void {
  asker.connection?.close();
  asker.connection = null;
}

function note(what: keyof typeof count, atMs: number, tookMs?: number[]): void {
  if (atMs < countMs || atMs >= endMs) return;
  count[what]++;
  tookMs?.push(performance.now() - atMs);
}
