import { expect, test } from "bun:test";
import { createRandom, type Random } from "../sim/random.ts";
import { type Daemon, withDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { alike } from "../support/matrix.ts";
import type { RuntimeName } from "../support/root.ts";
import { bundledUnit } from "../support/unit-text.ts";

const TASKS = 1_000;
const CLIENTS = 8;
const KILLS = 12;
const settings = [
  "worker.lease_ms=500",
  "worker.webhook_reach=any",
  "queue.max_attempts=100",
  "queue.backoff_base_ms=10",
];

for (const { daemon: runtime } of alike) {
  test(`G3: of 1000 tasks none is lost or done twice while worker and API are killed at random: ${runtime}`, async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const receiver = receive();
    const units = { "api.toml": unit(runtime, "api"), "worker.toml": unit(runtime, "worker") };
    try {
      await withDaemon({ runtime, units }, async (daemon) => {
        const address = (await daemon.unit("api")).listeners[0]?.address ?? "";
        const accepted = new Map<number, string>();
        const posting = postAll(`http://${address}`, receiver.url, accepted);
        await Promise.all([posting, killAtRandom(daemon, accepted, createRandom(seed))]);
        await eventually(
          () => receiver.seen.size >= TASKS,
          60_000,
          "every task has been delivered",
          () => receiver.seen.size,
        );
        await eventually(() => isIdle(`http://${address}`), 30_000, "every task is done");
        expect(accepted.size).toBe(TASKS);
        // One task for each key: what was delivered are the very ids that were promised, and no others.
        expect([...receiver.seen.keys()].sort()).toEqual([...accepted.values()].sort());
        const numbers = [...receiver.seen.values()].map((bodies) => [...bodies]);
        expect(numbers.map((bodies) => bodies.length)).toEqual(numbers.map(() => 1));
        expect(new Set(numbers.flat()).size).toBe(TASKS);
      });
    } catch (error) {
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : error}`);
    } finally {
      await receiver.stop();
    }
  }, 180_000);
}

function unit(runtime: RuntimeName, mode: "api" | "worker"): string {
  return bundledUnit(runtime, mode, settings, { service: { start_limit_burst: "0", restart_sec: '"20ms"' } });
}

/** Where the tasks deliver to. `seen`: what came, by the task's own id. */
function receive() {
  const seen = new Map<string, Set<string>>();
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const id = request.headers.get("idempotency-key") ?? "";
      seen.set(id, (seen.get(id) ?? new Set()).add(await request.text()));
      return new Response("");
    },
  });
  return { seen, url: `http://127.0.0.1:${server.port}/`, stop: () => server.stop(true) };
}

/** Posts every task under a key of its own, each until the API says 202; some once more, as a client does that missed the answer. */
async function postAll(api: string, url: string, accepted: Map<number, string>): Promise<void> {
  const waiting = Array.from({ length: TASKS }, (_, n) => n);
  const client = async (): Promise<void> => {
    for (let n = waiting.shift(); n !== undefined; n = waiting.shift()) {
      const ids = new Set<string>();
      for (let left = n % 5 === 0 ? 2 : 1; left > 0; ) {
        const id = await post(api, url, n);
        if (id === null) continue;
        ids.add(id);
        left--;
      }
      if (ids.size !== 1) throw new Error(`one key, several tasks: ${[...ids].join(", ")}`);
      accepted.set(n, [...ids][0] ?? "");
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
}

/** Null when the API was killed before it answered. */
async function post(api: string, url: string, n: number): Promise<string | null> {
  const body = JSON.stringify({ type: "webhook.deliver", payload: { url, body: { n } } });
  const headers = { "content-type": "application/json", "idempotency-key": `key-${n}`, connection: "close" };
  try {
    const answer = await fetch(`${api}/tasks`, { method: "POST", headers, body });
    if (answer.status !== 202) throw new Error(`${answer.status}: ${await answer.text()}`);
    return ((await answer.json()) as { id: string }).id;
  } catch (error) {
    // A killed API cuts its connections; an answer of any other kind is what this test is against.
    if (error instanceof Error && /^\d{3}:/.test(error.message)) throw error;
    return null;
  }
}

async function killAtRandom(daemon: Daemon, accepted: ReadonlyMap<number, string>, random: Random): Promise<void> {
  for (let kill = 1; kill <= KILLS; kill++) {
    const due = (kill * TASKS) / (KILLS + 1) - random.below(40);
    await eventually(
      () => accepted.size >= due,
      60_000,
      `${due} tasks are accepted`,
      () => accepted.size,
    );
    const name = random.pick(["api", "worker"]);
    const { main_pid: pid } = await daemon.until(name, (now) => now.main_pid !== null, `${name} has a process`);
    process.kill(pid ?? 0, "SIGKILL");
  }
}

async function isIdle(api: string): Promise<boolean> {
  const states = ["queued", "running", "failed", "dead"];
  const open = await Promise.all(
    states.map(async (state) => {
      const answer = await fetch(`${api}/tasks?state=${state}&limit=1`, { headers: { connection: "close" } });
      return ((await answer.json()) as { tasks: readonly unknown[] }).tasks.length;
    }),
  );
  return open.every((count) => count === 0);
}
