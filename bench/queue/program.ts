import process from "node:process";
import { Queue as BullQueue, Worker as BullWorker } from "bullmq";
import { z } from "zod";
import { openQueue } from "../../services/queue/open.ts";
import type { Queue } from "../../services/queue/queue.ts";
import { registryOf } from "../../services/tasks/registry.ts";
import { taskType } from "../../services/tasks/task-type.ts";
import { unsigned } from "../../services/tasks/webhook-policy.ts";
import { plainTracing } from "../../services/telemetry/tracing.ts";
import { createPool } from "../../services/worker/pool.ts";
import { catchStrays } from "../../services/worker/strays.ts";
import { runWorker } from "../../services/worker/worker.ts";

/**
 * One side of a queue: `program.ts ROLE URL COUNT AT_ONCE`. Prints, as JSON, when it was `ready`, and when it had begun and ended.
 * Roles: `make`, `work`, `both` in one process; `alone` without a worker: what the store itself takes; `bull-make`, `bull-work` by BullMQ; `depth` passes tasks through past COUNT that wait.
 * It begins when it is told to by a line on its standard input.
 */
const [role = "", url = "", count, atOnce] = process.argv.slice(2);
const order = { count: Number(count), atOnce: Number(atOnce) };
type Order = typeof order;

/** Those that pass through in `depth`. */
const PASSING = 5_000;

const roles: Readonly<Record<string, () => Promise<() => Promise<void>>>> = {
  make: async () => {
    const queue = await open();
    return () => make(queue, order);
  },
  work: async () => {
    const queue = await open();
    return () => work(queue, order);
  },
  both: async () => {
    const queue = await open();
    return async () => void (await Promise.all([work(queue, order), make(queue, order)]));
  },
  alone: async () => {
    const queue = await open();
    return () => pass(queue, order);
  },
  depth: async () => {
    const queue = await open();
    await make(queue, { ...order, atOnce: 1_000 });
    const passing = { ...order, count: PASSING };
    return async () => void (await Promise.all([work(queue, passing), make(queue, passing)]));
  },
  "bull-make": async () => {
    const queue = new BullQueue("bench", { connection: connection() });
    await queue.waitUntilReady();
    return () => times(order, async (n) => void (await queue.add("t", { n })));
  },
  "bull-work": async () => () => bullWork(order),
};

const prepare = roles[role];
if (!prepare) throw new Error(`no role ${role}`);
const go = await prepare();
console.log(JSON.stringify({ ready: Date.now() }));
await new Promise((resolve) => process.stdin.once("data", resolve));
const began = Date.now();
await go();
console.log(JSON.stringify({ began, ended: Date.now() }));
process.exit(0);

async function open(): Promise<Queue> {
  const opened = await openQueue(url, { maxPending: 3_000_000 });
  if (!opened.ok) throw new Error(opened.message);
  return opened.queue;
}

function make(queue: Queue, how: Order): Promise<void> {
  return times(how, async (n) => void (await queue.enqueue({ type: "t", payload: { n } })));
}

/** Batch after batch goes in, is taken and acknowledged. */
async function pass(queue: Queue, { count, atOnce }: Order): Promise<void> {
  for (let made = 0; made < count; made += atOnce) {
    for (let n = 0; n < atOnce; n++) await queue.enqueue({ type: "t", payload: { n } });
    for (let n = 0; n < atOnce; n++) {
      const taken = await queue.take("bench", 30_000);
      if (!taken || !(await queue.done(taken, null))) throw new Error("a task is lost");
    }
  }
}

/** Does it so often, so many at a time. */
async function times({ count, atOnce }: Order, act: (n: number) => Promise<void>): Promise<void> {
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < count) await act(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, one));
}

/** As the bundled worker does, until so many are done. */
async function work(queue: Queue, { count, atOnce }: Order): Promise<void> {
  const stop = new AbortController();
  let done = 0;
  const handle = async () => ({ ok: true, result: null }) as const;
  const fail = (error: Error) => {
    throw error;
  };
  const nothing = taskType({ name: "t", description: "", payload: z.unknown(), timeLimitMs: 60_000, handle });
  await runWorker({
    queue,
    registry: registryOf([nothing]),
    life: { draining: stop.signal, status: () => undefined },
    name: "bench",
    pool: createPool(atOnce),
    leaseMs: 30_000,
    drainMs: 10_000,
    folder: ".",
    webhook: unsigned("public"),
    strays: catchStrays({ nobodys: fail, tooMany: () => undefined }),
    tracing: plainTracing,
    report: fail,
    strayed: fail,
    began: () => undefined,
    ended: () => {
      if (++done === count) stop.abort();
    },
  });
}

async function bullWork({ count, atOnce }: Order): Promise<void> {
  let done = 0;
  await new Promise<void>((resolve) => {
    const worker = new BullWorker("bench", async () => null, { connection: connection(), concurrency: atOnce });
    worker.on("completed", () => {
      if (++done === count) resolve();
    });
  });
}

function connection() {
  const { hostname: host, port } = new URL(url);
  return { host, port: Number(port), maxRetriesPerRequest: null };
}
