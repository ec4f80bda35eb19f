import { expect, test } from "bun:test";
import { z } from "zod";
import { MemoryQueue } from "../../services/queue/memory.ts";
import { registryOf } from "../../services/tasks/registry.ts";
import { taskType } from "../../services/tasks/task-type.ts";
import { unsigned } from "../../services/tasks/webhook-policy.ts";
import { plainTracing } from "../../services/telemetry/tracing.ts";
import { createPool } from "../../services/worker/pool.ts";
import { runWorker } from "../../services/worker/worker.ts";
import { testLife } from "../services/lives.ts";
import { within } from "../support/within.ts";

const BOUND_MS = 5_000;

test("with more places more is taken at once, with fewer what runs is finished first", async () => {
  const [one, both, door] = [1, 2, 3].map(() => Promise.withResolvers<void>()) as [Gate, Gate, Gate];
  let inside = 0;
  const handle = async () => {
    inside += 1;
    (inside === 1 ? one : both).resolve();
    await door.promise;
    return { ok: true, result: null } as const;
  };
  const queue = new MemoryQueue();
  const { life, drain } = testLife();
  const pool = createPool(1);
  const work = runWorker({
    queue,
    registry: registryOf([
      taskType({ name: "t", description: "", payload: z.object({}), timeLimitMs: 60_000, handle }),
    ]),
    life,
    name: "w",
    pool,
    leaseMs: 30_000,
    drainMs: 10_000,
    folder: "/nowhere",
    webhook: unsigned("public"),
    tracing: plainTracing,
    strays: { run: (_caught, handler) => handler() },
    began: () => {},
    ended: () => {},
    report: () => {},
    strayed: () => {},
  });
  for (const payload of [{}, {}]) await queue.enqueue({ type: "t", payload });
  await within(one.promise, BOUND_MS, "the first is in hand");
  pool.resize(2);
  await within(both.promise, BOUND_MS, "the second is in hand, too");
  pool.resize(1);
  door.resolve();
  drain();
  await within(work, BOUND_MS, "both are finished");
  expect(inside).toBe(2);
});

type Gate = ReturnType<typeof Promise.withResolvers<void>>;
