import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { findGroupPlace } from "../../supervisor/host/group-place.ts";
import { type Daemon, startDaemon } from "../../test/support/daemon.ts";
import { eventually } from "../../test/support/eventually.ts";
import type { Tally } from "../../test/support/load/tally.ts";
import { startLoad } from "../../test/support/load.ts";
import type { Root, RuntimeName } from "../../test/support/root.ts";
import { createRandom } from "../random.ts";
import { statusOf } from "./ask.ts";
import { type Books, openBooks, type Surprise } from "./books.ts";
import { type Printed, readPrinted } from "./lines.ts";
import { type Orders, startOrders } from "./orders.ts";
import { tableOf } from "./table.ts";
import { startTasks } from "./tasks.ts";
import { startWatch, type Watch } from "./watch.ts";
import { names, partOf, type world } from "./world.ts";

/**
 * Units: milliseconds; a life of a supervisor takes up to `longestMs` from where it answers, a short one up to `shortestMs` from its start.
 * `inPlaceIn`: one life in so many, of those that are not short, ends by `daemon-reexec`; 0: none.
 */
export type OrdealOrder = Readonly<{
  runtime: RuntimeName;
  seed: number;
  deaths: number;
  longestMs: number;
  shortestMs: number;
  inPlaceIn: number;
  /** Connections of each kind. */
  connections: number;
  thinkMs: number;
}>;

/** One death. `livedMs`: since it was started; `returnMs`: until the next one answered, null where that one died before. */
export type Death = {
  readonly death: number;
  readonly atMs: number;
  readonly runtime: RuntimeName;
  readonly kind: "killed" | "replaced" | "killed while it was replaced";
  readonly livedMs: number;
  readonly underWay: readonly string[];
  readonly processes: number;
  returnMs: number | null;
};

export type Outcome = Readonly<{
  deaths: readonly Death[];
  tally: Tally;
  tasks: Readonly<{ posted: number; lost: number; doubled: number }>;
  printed: readonly Printed[];
  orders: Readonly<{ given: number; cut: number }>;
  samples: number;
  /** None: all is as it should be. */
  surprises: readonly Surprise[];
}>;

const BOUND_MS = 60_000;
/** How long what is said may differ from what is, while units come and go. */
const DOUBT_MS = 20_000;
/** The longest pause between two orders to a unit: a new generation costs more of a processor than all the rest. */
const ORDER_PAUSE_MS = 3_000;
/** The share of lives that end while they begin, and of those that follow on the other runtime: one in so many. */
const ONE_SHORT_IN = 3;
const ONE_OTHER_IN = 4;
/** Of those that are replaced, one in so many is killed over it. */
const ONE_CUT_IN = 3;

/** Kills the supervisor of a root again and again while it has everything to do, and counts what came of it. */
export async function ordeal(root: Root, order: OrdealOrder): Promise<Outcome> {
  const { seed, connections, thinkMs } = order;
  const books = openBooks();
  const first = await begun(root, startDaemon(root));
  await first.settled();
  const load = await startLoad(
    { address: await addressOf(root, "echo"), keepAlive: connections, oneShot: connections, thinkMs, limitMs: 30_000 },
    root.environment,
  );
  const tasks = await startTasks(await addressOf(root, "api"), { books, clients: 2, pauseMs: thinkMs * 4 });
  const orders = startOrders({ root, books, seed, pauseMs: ORDER_PAUSE_MS });
  const marker = `SUPERVISOR_TEST_ID=${root.environment.SUPERVISOR_TEST_ID}`;
  const watch = startWatch({ marker, books, isBusy: orders.isBusy, given: orders.given });
  const { daemon, deaths } = await killAgainAndAgain(first, { root, order, books, orders, watch });
  await orders.stop();
  const tally = await load.stop();
  const told = await tasks.stop();
  await agreed(root, books, watch);
  await judgeUnits(root, books);
  await watch.stop();
  await end(root, books, daemon);
  leftBehind(root, books, watch);
  const numbered = names.filter((name) => partOf(name).prints);
  const printed = await Promise.all(numbered.map((name) => readPrinted(join(root.stateDir, "logs"), name)));
  for (const fault of printed.flatMap(({ faults }) => faults)) books.surprise(fault);
  const repeated = printed.flatMap(({ repeated }, index) => (numbered[index] === "crashes" ? [] : repeated));
  if (repeated.some((count) => count > 0)) books.surprise("a start was repeated of one that does not end by itself");
  if (tally.failed > 0) books.surprise(`${tally.failed} requests failed: ${tally.samples.join("; ")}`);
  if (told.lost + told.doubled > 0) books.surprise(`${told.lost} tasks are lost, ${told.doubled} were done twice`);
  const counts = { orders: orders.count(), samples: watch.samples(), surprises: books.surprises };
  return { deaths, tally, tasks: told, printed, ...counts };
}

type Scene = Readonly<{ root: Root; order: OrdealOrder; books: Books; orders: Orders; watch: Watch }>;

async function killAgainAndAgain(
  first: Daemon,
  { root, order, books, orders, watch }: Scene,
): Promise<Readonly<{ daemon: Daemon; deaths: readonly Death[] }>> {
  const { runtime, seed, longestMs, shortestMs, inPlaceIn } = order;
  const draw = createRandom(seed);
  const other = runtime === "bun" ? "deno" : "bun";
  const deaths: Death[] = [];
  const asked: Promise<unknown>[] = [];
  let daemon = first;
  let bornAtMs = books.now();
  let now = runtime;
  // What follows a surprise only hides where it came from.
  for (let death = 1; death <= order.deaths && books.surprises.length === 0; death++) {
    const isShort = draw(ONE_SHORT_IN) === 0;
    const isInPlace = draw(inPlaceIn || 1) === 0 && inPlaceIn > 0 && !isShort;
    const next = draw(ONE_OTHER_IN) === 0 ? other : runtime;
    const waitMs = draw(isShort ? shortestMs : longestMs);
    if (!isShort) await returned(root, { daemon, books, watch, death: deaths.at(-1), bornAtMs });
    await pause(waitMs);
    const atMs = books.now();
    const facts = { livedMs: atMs - bornAtMs, underWay: orders.underWay(), processes: watch.mains().length };
    const isCut = isInPlace && draw(ONE_CUT_IN) === 0;
    const kind = isCut ? "killed while it was replaced" : isInPlace ? "replaced" : "killed";
    deaths.push({ death, atMs, runtime: now, kind, ...facts, returnMs: null });
    now = next;
    root.environment.SUPERVISOR_RUNTIME = next;
    if (isInPlace && !isCut) await replaced(root, books, daemon);
    else {
      if (isCut) asked.push(root.cli("daemon-reexec"));
      if (isCut) await pause(draw(longestMs));
      daemon.signal("SIGKILL");
      await daemon.ended(BOUND_MS);
      daemon = startDaemon(root);
    }
    bornAtMs = atMs;
  }
  await returned(root, { daemon, books, watch, death: deaths.at(-1), bornAtMs });
  await Promise.all(asked);
  return { daemon, deaths };
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

type Return = Readonly<{ daemon: Daemon; books: Books; watch: Watch; death: Death | undefined; bornAtMs: number }>;

/** Waits until a supervisor answers, and until it says what is. */
async function returned(root: Root, { daemon, books, watch, death, bornAtMs }: Return): Promise<void> {
  await begun(root, daemon);
  if (death) death.returnMs = books.now() - bornAtMs;
  await agreed(root, books, watch);
}

/** Errors: throws when it ends instead. */
async function begun(root: Root, daemon: Daemon): Promise<Daemon> {
  let ended: unknown = null;
  void daemon.ended(BOUND_MS).then(
    (how) => {
      ended = how;
    },
    () => undefined,
  );
  await eventually(async () => ended !== null || (await statusOf(root)) !== null, BOUND_MS, "the supervisor answers");
  if (ended !== null) throw new Error(`the supervisor ended while it began: ${JSON.stringify(ended)}`);
  return daemon;
}

/** The same process goes on, as somebody else. */
async function replaced(root: Root, books: Books, { pid }: Daemon): Promise<void> {
  const { code, stderr } = await root.cli("daemon-reexec");
  if (code !== 0) books.surprise(`daemon-reexec ended with ${code}: ${stderr}`);
  const status = await eventually(() => statusOf(root), BOUND_MS, "it answers");
  if (status.supervisor.pid !== pid) books.surprise(`it was ${pid} and is ${status.supervisor.pid}`);
}

/** Waits until what it says is what is there: the same main processes, and nobody of an invocation that it does not know. */
async function agreed(root: Root, books: Books, watch: Watch): Promise<void> {
  const marker = `SUPERVISOR_TEST_ID=${root.environment.SUPERVISOR_TEST_ID}`;
  let doubt: readonly string[] = [];
  const isAgreed = async () => {
    const before = watch.mains().map(({ pid, invocation }) => `${invocation} ${pid}`);
    const status = await statusOf(root);
    if (!status) return false;
    const instances = status.units.flatMap((unit) => unit.instances).filter(({ pid }) => pid !== null);
    const said = instances.map(({ invocation_id, pid }) => `${invocation_id} ${pid}`);
    const known = new Set(instances.map(({ invocation_id }) => invocation_id));
    const strangers = tableOf(marker).filter(({ invocation }) => !known.has(invocation));
    doubt = [
      ...said.filter((one) => !before.includes(one)).map((one) => `${one} is said to be there`),
      ...before.filter((one) => !said.includes(one)).map((one) => `${one} is there`),
      ...strangers.map(({ unit, pid, command }) => `${command} (pid ${pid}) of ${unit} is nobody's`),
    ];
    return doubt.length === 0;
  };
  await eventually(isAgreed, DOUBT_MS, "it says what is").catch(() =>
    books.surprise(`its status is not what is: ${doubt.join(", ")}`),
  );
}

/** After all of it each unit runs, and none but the one that crashes was ever started by itself. */
async function judgeUnits(root: Root, books: Books): Promise<void> {
  for (const { name, active_state, restarts, health, handover, reason } of (await statusOf(root))?.units ?? []) {
    const isWell = name === "crashes" || (active_state === "active" && restarts === 0);
    if (!isWell) books.surprise(`${name} is ${active_state} after ${restarts} restarts: ${reason}`);
    if (health === "unhealthy") books.surprise(`${name} is unhealthy`);
    if (handover.last_result === "kept-old") books.surprise(`${name}: a handover went wrong: ${handover.reason}`);
  }
}

async function end(root: Root, books: Books, daemon: Daemon): Promise<void> {
  const { code, stderr } = await root.cli("stop");
  if (code !== 0) books.surprise(`supervisor stop ended with ${code}: ${stderr}`);
  const ended = await daemon.ended(BOUND_MS);
  if (ended.code !== 0) books.surprise(`the supervisor ended with ${JSON.stringify(ended)}`);
  const events = ["service.leftover", "state.unreadable", "service.stray", "bug"];
  for (const event of events) {
    const lines = root
      .read("tmp/daemon.log")
      .split("\n")
      .filter((line) => line.includes(`"event":"${event}"`));
    for (const line of lines) books.surprise(line);
  }
}

/** Processes are looked for by whoever lends the root. */
function leftBehind(root: Root, books: Books, { invocations }: Watch): void {
  for (const name of ["lives.jsonl", "state.jsonl", "parked.json", "run"]) {
    if (existsSync(join(root.stateDir, name))) books.surprise(`${name} is left`);
  }
  const place = findGroupPlace();
  if (!place) return;
  const groups = readdirSync(place.folder).filter((name) => name.startsWith("supervisor-"));
  const left = groups.flatMap((group) => readdirSync(join(place.folder, group)));
  for (const name of left) {
    if (invocations.has(name.split(".").at(-1) ?? "")) books.surprise(`a control group is left: ${name}`);
  }
}

async function addressOf(root: Root, unit: keyof typeof world): Promise<string> {
  const { units = [] } = (await statusOf(root)) ?? {};
  return units.find(({ name }) => name === unit)?.listeners[0]?.address ?? "";
}
