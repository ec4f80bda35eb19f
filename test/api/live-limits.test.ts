import { expect, test } from "bun:test";
import { createApi } from "../../services/api/app.ts";
import { createLiveAdmission } from "../../services/api/live-admission.ts";
import type { RateLimit } from "../../services/api/rate-limit.ts";
import { MemoryQueue } from "../../services/queue/memory.ts";
import { bundledTasks } from "../../services/tasks/registry.ts";
import { Metrics } from "../../services/telemetry/metrics.ts";
import { plainTracing } from "../../services/telemetry/tracing.ts";
import { testLife } from "../services/lives.ts";

const tasks = "http://localhost/tasks";

test("a rate limit that is set, kept and taken away holds from the next request on", async () => {
  const { life } = testLife();
  const options = {
    queue: new MemoryQueue(),
    registry: bundledTasks,
    life,
    info: { version: "1.2.3", commit: "abc" },
    bodyLimitBytes: 2_000,
    timeLimitMs: 5_000,
    shedOverMs: 0,
    maxStreams: 2,
    rateLimit: null as RateLimit | null,
    metrics: new Metrics(),
    tracing: plainTracing,
    report: () => {},
  };
  const app = createApi(options);
  const ask = async () => (await app.request("/tasks/none")).status;
  expect([await ask(), await ask()]).toEqual([404, 404]);
  options.rateLimit = { perSecond: 0.001, burst: 1 };
  expect([await ask(), await ask()]).toEqual([404, 429]);
  options.rateLimit = { perSecond: 0.001, burst: 1 };
  expect(await ask()).toBe(429);
  options.rateLimit = null;
  expect(await ask()).toBe(404);
});

test("a limit of the wait that is changed stands before the app from the next request on", async () => {
  let overMs = 0;
  let inHand = 0;
  const admission = createLiveAdmission("/tasks", () => overMs);
  const door = Promise.withResolvers<Response>();
  const fetch = admission.guard(() => {
    inHand++;
    return door.promise;
  });
  const ask = () => fetch(new Request(tasks, { method: "POST" }));
  const first = ask();
  expect(admission.figures.write.inHand).toBe(0);
  overMs = 1_000;
  const others = [ask(), ask()];
  expect(admission.figures.write.inHand).toBe(2);
  overMs = 0;
  const last = ask();
  door.resolve(new Response("done"));
  const answers = await Promise.all([first, ...others, last]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect(inHand).toBe(4);
});
