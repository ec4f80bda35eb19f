import { expect, test } from "bun:test";
import { z } from "zod";
import { MemoryQueue } from "../../services/queue/memory.ts";
import type { Queue, Taken, Task } from "../../services/queue/queue.ts";
import { registryOf } from "../../services/tasks/registry.ts";
import { type Attempt, type TaskContext, taskType } from "../../services/tasks/task-type.ts";
import { unsigned } from "../../services/tasks/webhook-policy.ts";
import { plainTracing } from "../../services/telemetry/tracing.ts";
import { createPool } from "../../services/worker/pool.ts";
import type { Strays } from "../../services/worker/strays.ts";
import { runWorker, type WorkerOptions } from "../../services/worker/worker.ts";
import { testLife } from "../services/lives.ts";
import { eventually } from "../support/eventually.ts";
import { within } from "../support/within.ts";

const BOUND_MS = 20_000;
type Handle = (payload: unknown, context: TaskContext) => Promise<Attempt>;

/** A worker over a memory queue whose only task type, `t`, does what the test says. */
function worker(handle: Handle, given: Partial<WorkerOptions> & { timeLimitMs?: number } = {}) {
  const { timeLimitMs = 60_000, ...options } = given;
  const queue: Queue = options.queue ?? new MemoryQueue({ backoff: { baseMs: 0, capMs: 0 } });
  const { life, drain, said } = testLife();
  const ends: string[] = [];
  const reports: string[] = [];
  const registry = registryOf([
    taskType({ name: "t", description: "", payload: z.object({ n: z.number().optional() }), timeLimitMs, handle }),
  ]);
  const fixed = {
    registry,
    life,
    name: "w",
    pool: createPool(4),
    leaseMs: 30_000,
    drainMs: 10_000,
    folder: "/nowhere",
    webhook: unsigned("public"),
    tracing: plainTracing,
    began: () => {},
    strays: { run: (_caught, handler) => handler() } satisfies Strays,
  };
  const tell = {
    ended: ({ task }: { task: Task }, end: string) => ends.push(`${task.type} ${task.attempts} ${end}`),
    report: (error: Error) => reports.push(error.message),
    strayed: (error: Error) => reports.push(error.message),
  };
  const finished = runWorker({ ...fixed, ...tell, ...options, queue });
  const put = async (payload: unknown = {}, type = "t", maxAttempts = 5) =>
    (await queue.enqueue({ type, payload, maxAttempts })).task.id;
  const settled = (id: string, state = "done") =>
    eventually(
      async () => {
        const task = await queue.get(id);
        return task?.state === state && task;
      },
      BOUND_MS,
      `${id} is ${state}`,
    );
  const end = () => {
    drain();
    return within(finished, BOUND_MS, "the worker's end");
  };
  const says = (text: string) => eventually(() => said.some(({ STATUS }) => STATUS === text), BOUND_MS, text);
  return { queue, put, settled, drain, end, finished, said, says, ends, reports };
}

const fine = async (): Promise<Attempt> => ({ ok: true, result: 1 });

/** A promise with its keys outside. */
function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

test("a task is run with what its schema made of the payload, and its result is kept", async () => {
  const { put, settled, end } = worker(async (payload) => ({ ok: true, result: payload }));
  expect((await settled(await put({ n: 1, unknown: 2 }))).result).toEqual({ n: 1 });
  await end();
});

test("what a handler says of its progress is written: the first word at once, then the last one now and then", async () => {
  const door = gate();
  const said: unknown[] = [];
  class Listening extends MemoryQueue {
    override progress(taken: Taken, progress: unknown): Promise<boolean> {
      said.push(progress);
      return super.progress(taken, progress);
    }
  }
  const queue = new Listening();
  const { put, settled, end } = worker(
    async (_payload, { progress }) => {
      for (let line = 1; line <= 1_000; line++) progress({ line });
      await door.opened;
      return { ok: true, result: null };
    },
    { queue },
  );
  const id = await put();
  await eventually(() => said.length === 2, BOUND_MS, "the last word is written");
  expect(said).toEqual([{ line: 1 }, { line: 1_000 }]);
  expect((await queue.get(id))?.progress).toEqual({ line: 1_000 });
  door.open();
  await settled(id);
  await end();
});

test("progress that is not JSON, or too long, is reported and not written", async () => {
  const door = gate();
  const { queue, put, settled, reports, end } = worker(async (_payload, { progress }) => {
    progress({ line: 1 });
    progress(1n);
    await door.opened;
    progress("x".repeat(65_536));
    await eventually(() => reports.length === 2, BOUND_MS, "the second report");
    return { ok: true, result: null };
  });
  const id = await put();
  await eventually(() => reports.length === 1, BOUND_MS, "the first report");
  door.open();
  await settled(id);
  expect((await queue.get(id))?.progress).toEqual({ line: 1 });
  expect(reports.map((words) => /not JSON|more than 65536/.exec(words)?.[0])).toEqual(["not JSON", "more than 65536"]);
  await end();
});

test("as many tasks run at a time as it may, and no more", async () => {
  const door = gate();
  let inside = 0;
  let most = 0;
  const { put, settled, end } = worker(
    async () => {
      inside += 1;
      most = Math.max(most, inside);
      if (inside === 3) door.open();
      await door.opened;
      inside -= 1;
      return { ok: true, result: null };
    },
    { pool: createPool(3) },
  );
  const ids = await Promise.all(Array.from({ length: 9 }, () => put()));
  for (const id of ids) await settled(id);
  expect(most).toBe(3);
  await end();
});

test("a failure is retried until it works; one that no retry can mend is dead at once", async () => {
  const error = { code: "e", message: "no" };
  const { put, settled, end } = worker(async (payload, { task }) =>
    task.attempts === 3
      ? { ok: true, result: "third" }
      : { ok: false, error, retry: (payload as { n?: number }).n !== 1 },
  );
  expect((await settled(await put())).attempts).toBe(3);
  expect(await settled(await put({ n: 1 }), "dead")).toMatchObject({ attempts: 1, error });
  await end();
});

test("a failure that says when another attempt may be made rests until then", async () => {
  let at = Date.now();
  const queue = new MemoryQueue({ backoff: { baseMs: 0, capMs: 0 }, now: () => at });
  const error = { code: "e", message: "in an hour" };
  const { put, settled, end } = worker(async () => ({ ok: false, error, retry: true, retryAfterMs: 3_600_000 }), {
    queue,
  });
  await settled(await put(), "failed");
  await end();
  at += 3_599_999;
  expect(await queue.take("w", 1_000)).toBeNull();
  at += 1;
  expect((await queue.take("w", 1_000))?.task.attempts).toBe(2);
});

test("what a handler throws is a failed attempt with its message", async () => {
  const { put, settled, end } = worker(() => Promise.reject(new Error("boom")));
  const task = await settled(await put({}, "t", 2), "dead");
  expect(task).toMatchObject({ attempts: 2, error: { code: "handler-threw", message: "boom" } });
  await end();
});

test("a type that this worker does not know is left for another; a payload that does not fit is dead", async () => {
  const { put, settled, end } = worker(fine);
  const [strange, unfit] = [await put({}, "strange", 1), await put({ n: "x" })];
  expect((await settled(strange, "dead")).error?.code).toBe("type-unknown");
  const task = await settled(unfit, "dead");
  expect([task.attempts, task.error?.code, task.error?.message.split(":")[0]]).toEqual([
    1,
    "payload-invalid",
    "payload.n",
  ]);
  await end();
});

test("a handler that runs for too long is told, and left behind when it does not listen", async () => {
  let told = false;
  const { put, settled, end } = worker(
    (_, { signal }) => {
      signal.addEventListener("abort", () => {
        told = true;
      });
      return new Promise(() => {});
    },
    { timeLimitMs: 30 },
  );
  expect((await settled(await put({}, "t", 1), "dead")).error?.code).toBe("time-limit");
  expect(told).toBe(true);
  await end();
});

test("a long task keeps its lease", async () => {
  const door = gate();
  let runs = 0;
  const { queue, put, settled, end } = worker(
    async () => {
      runs += 1;
      await door.opened;
      return { ok: true, result: null };
    },
    { leaseMs: 60 },
  );
  const id = await put();
  let renewals = 0;
  const { renew } = queue;
  queue.renew = (...args) => {
    renewals += 1;
    if (renewals === 8) door.open();
    return renew.apply(queue, args);
  };
  expect((await settled(id)).attempts).toBe(1);
  expect(runs).toBe(1);
  await end();
});

test("a lost lease stops the handler, and its outcome is not recorded", async () => {
  const queue = new MemoryQueue();
  queue.renew = async () => false;
  const { put, ends, end } = worker(
    (_, { signal }) =>
      new Promise((resolve) => signal.addEventListener("abort", () => resolve({ ok: true, result: "late" }))),
    { queue, leaseMs: 300 },
  );
  const id = await put();
  await eventually(() => ends.length > 0, BOUND_MS, "the end of the attempt");
  expect(ends[0]).toBe("t 1 lost");
  expect((await queue.get(id))?.result).toBeNull();
  await end();
});

test("draining takes nothing more, finishes what runs, and says how much that is", async () => {
  const door = gate();
  const started = gate();
  const { queue, put, settled, drain, finished, said, says } = worker(
    async () => {
      started.open();
      await door.opened;
      return { ok: true, result: "finished" };
    },
    { pool: createPool(1) },
  );
  const first = await put();
  await within(started.opened, BOUND_MS, "the start");
  const second = await put();
  drain();
  await says("draining: 1 task in flight, oldest 0 s");
  await says("draining: 1 task in flight, oldest 1 s");
  door.open();
  await within(finished, BOUND_MS, "the worker's end");
  expect((await settled(first)).result).toBe("finished");
  expect(await queue.get(second)).toMatchObject({ state: "queued", attempts: 0 });
  expect(said.at(-1)).toEqual({ STATUS: "0 tasks in flight" });
});

test("a drain tells soon that a task has ended, and the age of the oldest that is left", async () => {
  const [quick, slow] = [gate(), gate()];
  const { put, settled, drain, finished, says } = worker(async (payload) => {
    await ((payload as { n?: number }).n === 1 ? quick : slow).opened;
    return { ok: true, result: null };
  });
  const first = await put({ n: 1 });
  const second = await put({ n: 2 });
  await settled(second, "running");
  drain();
  await says("draining: 2 tasks in flight, oldest 0 s");
  const begin = performance.now();
  quick.open();
  await settled(first);
  await says("draining: 1 task in flight, oldest 0 s");
  expect(performance.now() - begin).toBeLessThan(900);
  slow.open();
  await within(finished, BOUND_MS, "the worker's end");
});

test("what still runs when the drain is over goes back to the queue, its attempt not counted", async () => {
  const started = gate();
  const { queue, put, drain, finished, ends } = worker(
    () => {
      started.open();
      return new Promise(() => {});
    },
    { drainMs: 20 },
  );
  const id = await put();
  await within(started.opened, BOUND_MS, "the start");
  drain();
  await within(finished, BOUND_MS, "the worker's end");
  expect(await queue.get(id)).toMatchObject({ state: "queued", attempts: 0 });
  expect(ends).toEqual(["t 1 released"]);
});

test("an idle worker ends at once", async () => {
  const { end, said } = worker(fine);
  const begin = performance.now();
  await end();
  expect(performance.now() - begin).toBeLessThan(900);
  expect(said.at(-1)).toEqual({ STATUS: "0 tasks in flight" });
});

test("a queue that fails is reported, and asked again", async () => {
  const queue = new MemoryQueue();
  const { take, done } = queue;
  let taking = 0;
  queue.take = (...args) => (++taking === 1 ? Promise.reject(new Error("locked")) : take.apply(queue, args));
  queue.done = () => {
    queue.done = done;
    return Promise.reject(new Error("disk full"));
  };
  const { put, settled, reports, ends, end } = worker(fine, { queue, leaseMs: 100 });
  expect((await settled(await put())).attempts).toBe(2);
  expect(reports).toEqual(["locked", "disk full"]);
  await eventually(() => ends.length === 2, BOUND_MS, "both ends");
  expect(ends).toEqual(["t 1 lost", "t 2 done"]);
  await end();
});

test("a queue that does not answer is left alone after the lease, and is not asked again while it is asked", async () => {
  const queue = new MemoryQueue();
  let renewals = 0;
  queue.renew = () => {
    renewals += 1;
    return new Promise(() => {});
  };
  queue.done = () => new Promise(() => {});
  const { put, reports, ends, end } = worker(fine, { queue, leaseMs: 200 });
  await put({}, "t", 1);
  await eventually(() => ends.length === 1, BOUND_MS, "the end of the attempt");
  expect([ends, reports, renewals]).toEqual([["t 1 lost"], ["the queue has not answered within 200 ms"], 1]);
  await end();
});

test("who may have died of another's deed runs its last attempt alone, and then several run at a time again", async () => {
  let at = Date.now();
  const queue = new MemoryQueue({ now: () => at });
  const enqueue = async (maxAttempts: number) => (await queue.enqueue({ type: "t", payload: {}, maxAttempts })).task.id;
  const ids = [await enqueue(2), await enqueue(9), await enqueue(2), await enqueue(9)];
  for (const _ of ids) await queue.take("killed", 1_000);
  at += 1_000;
  let door = gate();
  let released = 0;
  const { release } = queue;
  queue.release = (taken) => {
    released += 1;
    return release.call(queue, taken);
  };
  const inside = new Set<string>();
  const company = new Map<string, number>();
  const { settled, end } = worker(
    async (_, { task }) => {
      inside.add(task.id);
      company.set(task.id, inside.size);
      if (inside.size === 2) door.open();
      if (task.max_attempts === 9) await door.opened;
      inside.delete(task.id);
      return { ok: true, result: null };
    },
    { queue },
  );
  for (const id of ids) await settled(id);
  expect([ids.map((id) => company.get(id)), released]).toEqual([[1, 1, 1, 2], 2]);
  door = gate();
  for (const id of [await enqueue(9), await enqueue(9)]) await settled(id);
  await end();
});
