import { afterAll, describe, expect, test } from "bun:test";
import { once } from "node:events";
import { connect } from "node:net";
import { DatabaseSync } from "node:sqlite";
import type { InstanceStatus } from "../../supervisor/unit/status.ts";
import { askControl } from "../support/control.ts";
import { type Daemon, withDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { alike } from "../support/matrix.ts";
import { alive } from "../support/proc.ts";
import type { RuntimeName } from "../support/root.ts";
import { sharedDaemon } from "../support/shared-daemon.ts";
import { bundledUnit } from "../support/unit-text.ts";
import { within } from "../support/within.ts";

const BOUND_MS = 15_000;
const HANDOVERS = 5;
/** Until one has cut a post. */
const MOST_KILLS = 20;
const CLIENTS = 8;
/** Long after the test. */
const NEVER_MS = 3_600_000;

/**
 * One attempt is all that a task has: one that counted though it was given back would show as a dead task. And a lease
 * that runs out long after the test: whoever waited for it would be too late.
 */
const settings = ["queue.max_attempts=1", "worker.lease_ms=60000", "worker.webhook_reach=any"];
/** Both end a second before their limit, though their own drain_ms says 25 s. */
const units = (runtime: RuntimeName, workerDrain = "4s") => ({
  "api.toml": bundledUnit(runtime, "api", settings, { handover: { drain_sec: '"2s"' } }),
  "worker.toml": bundledUnit(runtime, "worker", settings, { handover: { drain_sec: `"${workerDrain}"` } }),
});

/** Where the tasks deliver to: `/held` is answered when `open` is called, everything else after a moment. */
const receiver = receive();
afterAll(() => receiver.stop());

for (const { daemon: runtime } of alike) {
  describe(`a worker's handover: ${runtime}`, () => {
    const daemon = sharedDaemon({ runtime, units: units(runtime) });
    const promise = (name: string, keep: (daemon: Daemon) => Promise<void>) => test(name, () => keep(daemon()), 60_000);
    test("the new one takes what comes, the old one finishes its own and says how much that is", async () => {
      // Whatever else the machine does, there is time to look at a drain.
      await withDaemon({ runtime, units: units(runtime, "60s") }, finishesItsOwn);
    }, 60_000);
    promise("what is in flight at the limit is done by the new one, at once, and counts once", givesBack);
    promise("through several of them each task of a stream is done, and done once", losesNothing);
    promise("an API with little time for its drain closes idle connections within it, and is not killed", endsInTime);
    promise("G3: posts that a killed API has cut, and that are repeated under their key, make one task each", cutPosts);
  });
}

async function finishesItsOwn(daemon: Daemon): Promise<void> {
  const old = await mainPid(daemon);
  const held = await Promise.all(["a", "b", "c"].map((key) => post(daemon, key, "/held")));
  await eventually(() => held.every((id) => receiver.arrived(id) === 1), BOUND_MS, "three tasks are in flight");
  const reload = await daemon.cli("reload", "worker");
  expect([reload.code, reload.stderr]).toEqual([0, ""]);

  const oldestSec = async () => Number(await saying(daemon, /^draining: 3 tasks in flight, oldest (\d+) s$/));
  const first = await oldestSec();
  const fresh = await post(daemon, "d", "/");
  await eventually(() => stateOf(daemon, fresh)?.state === "done", BOUND_MS, "a new task is done");
  expect(alive(old)).toBe(true);
  expect(stateOf(daemon, fresh)?.pid).toBe(await mainPid(daemon));
  const text = (await daemon.cli("status", "worker")).stdout;
  expect(text).toMatch(/"draining: 3 tasks in flight, oldest \d+ s"/);
  await eventually(async () => (await oldestSec()) > first, BOUND_MS, "the oldest gets older");

  receiver.open();
  await alone(daemon, old);
  expect(held.map((id) => stateOf(daemon, id))).toEqual(held.map(() => ({ state: "done", attempts: 1, pid: old })));
}

async function givesBack(daemon: Daemon): Promise<void> {
  const old = await mainPid(daemon);
  const id = await post(daemon, "e", "/held");
  await eventually(() => receiver.arrived(id) === 1, BOUND_MS, "it is in flight");
  expect((await daemon.cli("reload", "worker")).code).toBe(0);
  const next = await mainPid(daemon);
  await eventually(() => receiver.arrived(id) === 2, BOUND_MS, "it is in flight again");
  receiver.open();
  await alone(daemon, old);
  expect((await daemon.unit("worker")).last_exit).toMatchObject({ code: 0 });
  await eventually(() => stateOf(daemon, id)?.state === "done", BOUND_MS, "it is done");
  expect(stateOf(daemon, id)).toEqual({ state: "done", attempts: 1, pid: next });
}

async function losesNothing(daemon: Daemon): Promise<void> {
  const ids: string[] = [];
  let isOver = false;
  const client = async (_: unknown, client: number): Promise<void> => {
    for (let n = 0; !isOver; n++) {
      const id = await post(daemon, `stream-${client}-${n}`, "/");
      ids.push(id);
      await eventually(() => receiver.arrived(id) > 0, BOUND_MS, `task ${n} of client ${client} is delivered`);
    }
  };
  const posting = Promise.all(Array.from({ length: CLIENTS }, client));
  for (let times = 0; times < HANDOVERS; times++) {
    const old = await mainPid(daemon);
    expect((await askControl(daemon.controlPath, "/v1/units/worker/reload", "POST"))?.status).toBe(202);
    await alone(daemon, old);
  }
  isOver = true;
  await posting;
  const ends = () => ids.map((id) => stateOf(daemon, id));
  await eventually(() => ends().every((end) => end?.state === "done"), BOUND_MS, "every task is done");
  expect(ids.filter((id) => receiver.arrived(id) !== 1)).toEqual([]);
  expect(new Set(ends().map((end) => end?.pid)).size).toBeGreaterThan(HANDOVERS - 1);
}

async function endsInTime(daemon: Daemon): Promise<void> {
  const [host, port] = ((await addressOf(daemon)) ?? "").split(":");
  const idle = connect({ host, port: Number(port) });
  idle.write("GET /healthz HTTP/1.1\r\nhost: api\r\n\r\n");
  await within(once(idle, "data"), BOUND_MS, "an answer");
  const closed = once(idle, "close");
  expect((await daemon.cli("reload", "api")).code).toBe(0);
  await within(closed, BOUND_MS, "the end of the connection");
  const { last_exit } = await daemon.until("api", ({ instances }) => instances.length === 1, "the new one is alone");
  expect(last_exit).toMatchObject({ code: 0, signal: null });
}

async function cutPosts(daemon: Daemon): Promise<void> {
  const promised = new Map<string, string>();
  let cut = 0;
  let isOver = false;
  const client = async (_: unknown, client: number): Promise<void> => {
    for (let n = 0; !isOver; n++) {
      const key = `cut-${client}-${n}`;
      let id = await tryPost(daemon, key, "/", NEVER_MS);
      for (; id === null; id = await tryPost(daemon, key, "/", NEVER_MS)) cut += 1;
      promised.set(key, id);
    }
  };
  const posting = Promise.all(Array.from({ length: CLIENTS }, client));
  for (let times = 0; times < MOST_KILLS && cut === 0; times++) {
    const { main_pid: old, generation } = await daemon.unit("api");
    const reloading = daemon.cli("reload", "api");
    await daemon.until("api", ({ instances }) => instances[1]?.phase === "soaking", "both generations serve");
    process.kill(old ?? 0, "SIGKILL");
    await reloading;
    await daemon.until(
      "api",
      (now) => now.active_state === "active" && now.generation > generation,
      "the new one is up",
    );
  }
  isOver = true;
  await posting;
  expect(cut).toBeGreaterThan(0);
  expect(made(daemon, "cut-")).toEqual(Object.fromEntries(promised));
}

/** What the generation that drains says of itself, once it is as wanted. Gives what the pattern caught. */
async function saying(daemon: Daemon, pattern: RegExp): Promise<string> {
  const words = (instances: readonly InstanceStatus[]) =>
    instances.find(({ phase }) => phase === "draining")?.status_text;
  const unit = await daemon.until(
    "worker",
    ({ instances }) => pattern.test(words(instances) ?? ""),
    `it says ${pattern}`,
  );
  return pattern.exec(words(unit.instances) ?? "")?.[1] ?? "";
}

const mainPid = async (daemon: Daemon) => (await daemon.unit("worker")).main_pid ?? 0;

const alone = (daemon: Daemon, old: number) =>
  daemon.until(
    "worker",
    ({ instances, main_pid }) => instances.length === 1 && main_pid !== old,
    "the new generation is alone",
  );

/** Posts a task that delivers to the receiver, and gives its id. */
async function post(daemon: Daemon, key: string, path: string): Promise<string> {
  const id = await tryPost(daemon, key, path);
  if (id === null) throw new Error(`nobody has answered the POST of ${key}`);
  return id;
}

/** Null: the connection was cut before the answer. */
async function tryPost(daemon: Daemon, key: string, path: string, delay_ms = 0): Promise<string | null> {
  const address = (await addressOf(daemon)) ?? "";
  const payload = { url: `${receiver.url}${path}`, body: key };
  const body = JSON.stringify({ type: "webhook.deliver", payload, delay_ms });
  const headers = { "content-type": "application/json", "idempotency-key": key, connection: "close" };
  let answer: Response;
  try {
    answer = await fetch(`http://${address}/tasks`, { method: "POST", headers, body });
  } catch {
    return null; // cut; any answer, good or bad, is judged below
  }
  const text = await answer.text().catch(() => null);
  if (text === null) return null;
  if (answer.status !== 202) throw new Error(`${answer.status}: ${text}`);
  return (JSON.parse(text) as { id: string }).id;
}

const addresses = new WeakMap<Daemon, Promise<string | undefined>>();

/** The listener outlives every generation, so its address is asked for once. */
function addressOf(daemon: Daemon): Promise<string | undefined> {
  const known = addresses.get(daemon) ?? daemon.unit("api").then(({ listeners }) => listeners[0]?.address);
  addresses.set(daemon, known);
  return known;
}

type Row = Readonly<{ state: string; attempts: number; worker: string | null }>;

/** What the queue's own file says of a task. `pid`: of the worker that had it last. */
function stateOf(daemon: Daemon, id: string) {
  const [row] = ask<Row>(daemon, "SELECT state, attempts, worker FROM tasks WHERE id = ?", id);
  return row && { state: row.state, attempts: row.attempts, pid: Number(row.worker?.split("/")[1]) };
}

/** The tasks whose key begins so: one id for each key. Errors: throws when two tasks have one key. */
function made(daemon: Daemon, prefix: string): Readonly<Record<string, string>> {
  const rows = ask<{ key: string; id: string }>(
    daemon,
    "SELECT idempotency_key AS key, id FROM tasks WHERE idempotency_key LIKE ? || '%'",
    prefix,
  );
  const byKey = Object.fromEntries(rows.map(({ key, id }) => [key, id]));
  expect(Object.keys(byKey).length).toBe(rows.length);
  return byKey;
}

function ask<T>(daemon: Daemon, sql: string, value: string): readonly T[] {
  const db = new DatabaseSync(`${daemon.path}/.supervisor/data/queue.db`, { readOnly: true });
  try {
    return db.prepare(sql).all(value) as T[];
  } finally {
    db.close();
  }
}

/** A server that counts the deliveries of each task by the key that it carries, its own id. */
function receive() {
  const counts = new Map<string, number>();
  let doors: (() => void)[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 60,
    async fetch(request) {
      const id = request.headers.get("idempotency-key") ?? "";
      counts.set(id, (counts.get(id) ?? 0) + 1);
      const isHeld = new URL(request.url).pathname === "/held";
      await new Promise<void>((go) => (isHeld ? doors.push(go) : setTimeout(go, 20)));
      return new Response("");
    },
  });
  const open = () => {
    for (const go of doors) go();
    doors = [];
  };
  return {
    url: `http://127.0.0.1:${server.port}`,
    arrived: (id: string) => counts.get(id) ?? 0,
    open,
    stop: () => server.stop(true),
  };
}
