import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { storeNames } from "../queue/stores.ts";
import { eventually } from "../support/eventually.ts";
import { RedisServer } from "../support/redis-server.ts";
import { apiUrl, CLOSE, startService, submit, type TaskAnswer } from "./api-client.ts";
import { type Program, type RuntimeName, runtimes } from "./program.ts";

const TASKS = 300;
const CLIENTS = 6;
const KILLS = 10;
const SETTINGS = ["worker.lease_ms=500", "queue.max_attempts=50", "queue.backoff_base_ms=10"];

const stores = ["sqlite", "redis"].filter((name) => (storeNames as readonly string[]).includes(name));
const scenes = runtimes.flatMap((runtime) => stores.map((store) => [runtime, store] as const));

test.each(scenes)(
  "on %s with %s no task is lost or done twice while api, worker and the store's server are killed at any moment",
  async (runtime, store) => {
    const cwd = mkdtempSync(join(tmpdir(), "crash-"));
    const seed = Math.floor(Math.random() * 2 ** 31);
    const server = store === "redis" ? await RedisServer.start() : null;
    const pair = new Pair(runtime, cwd, server);
    try {
      const accepted = new Map<string, Set<string>>();
      await Promise.all([submitAll(pair, accepted), killAtRandom(pair, accepted, numbers(seed))]);
      const tasks = await eventually(() => allDone(pair), 60_000, "every task is done");
      const ids = new Set(tasks.map(({ id }) => id));
      expect(tasks.length).toBe(TASKS);
      expect(accepted.size).toBe(TASKS);
      for (const [, given] of accepted) expect([...given].map((id) => ids.has(id))).toEqual([true]);
      const sums = tasks.map(({ result }) => (result as { groups: { n: number } }).groups.n);
      expect(sums.sort((a, b) => a - b)).toEqual(Array.from({ length: TASKS }, (_, n) => n));
    } catch (error) {
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : error}`);
    } finally {
      await pair.end();
      await server?.remove();
      rmSync(cwd, { recursive: true });
    }
  },
  180_000,
);

type Part = "api" | "worker" | "server";

/** An API and a worker on one store, each replaced as soon as it is killed. */
class Pair {
  readonly #start: (mode: string) => Program;
  readonly #server: RedisServer | null;
  readonly #live: Record<"api" | "worker", Program>;
  url: Promise<string>;

  constructor(runtime: RuntimeName, cwd: string, server: RedisServer | null) {
    this.#server = server;
    const settings = [...SETTINGS, ...(server ? [`queue.url=${server.url()}`] : [])];
    this.#start = (mode) => startService({ runtime, mode, cwd, settings });
    this.#live = { api: this.#start("api"), worker: this.#start("worker") };
    this.url = apiUrl(this.#live.api);
  }

  get parts(): readonly Part[] {
    return this.#server ? ["api", "worker", "server"] : ["api", "worker"];
  }

  /** Kills one, whatever it does just now, and starts the next. */
  async replace(mode: Part): Promise<void> {
    if (mode === "server") {
      await this.#server?.kill();
      await this.#server?.start();
      return;
    }
    await this.#live[mode].end("SIGKILL");
    this.#live[mode] = this.#start(mode);
    if (mode === "api") this.url = apiUrl(this.#live.api);
    await (mode === "api" ? this.url : this.#live.worker.prints(/worker\.started/));
  }

  async end(): Promise<void> {
    await Promise.all(Object.values(this.#live).map((program) => program.end("SIGKILL")));
  }
}

/** Submits every task under a key of its own, again and again until an API says 202, and some of them once more. */
async function submitAll(pair: Pair, accepted: Map<string, Set<string>>): Promise<void> {
  const waiting = Array.from({ length: TASKS }, (_, n) => n);
  const client = async () => {
    for (let n = waiting.shift(); n !== undefined; n = waiting.shift()) {
      const given = new Set<string>();
      for (let times = n % 3 === 0 ? 2 : 1; times > 0; ) {
        const payload = { rows: [{ k: "n", v: n }], group_by: "k", sum: "v" };
        const id = await submit(await pair.url, { type: "report.aggregate", payload }, `key-${n}`).catch(() => null);
        if (id === null) continue;
        given.add(id);
        times -= 1;
      }
      accepted.set(`key-${n}`, given);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
}

async function killAtRandom(pair: Pair, accepted: ReadonlyMap<string, unknown>, next: () => number): Promise<void> {
  for (let kill = 1; kill <= KILLS; kill += 1) {
    await eventually(() => accepted.size >= (kill * TASKS) / (KILLS + 1), 60_000, "more tasks are accepted");
    await new Promise((resolve) => setTimeout(resolve, next() % 30));
    await pair.replace(pair.parts[next() % pair.parts.length] ?? "api");
  }
}

async function allDone(pair: Pair): Promise<readonly TaskAnswer[] | null> {
  const answer = await fetch(`${await pair.url}/tasks?limit=1000`, { headers: CLOSE });
  if (!answer.ok) return null;
  const { tasks } = (await answer.json()) as { tasks: readonly TaskAnswer[] };
  return tasks.every(({ state }) => state === "done") ? tasks : null;
}

function numbers(seed: number): () => number {
  let state = seed || 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state >> 3;
  };
}
