import { describe, expect, test } from "bun:test";
import { createAdmission } from "../../services/api/admission.ts";
import { MemoryQueue } from "../../services/queue/memory.ts";
import { eventually } from "../support/eventually.ts";
import { api, good } from "./api.ts";
import { overload } from "./overload.ts";

const DEADLINE_MS = 1_000;
const cheap = { costMs: 0.5, refusalMs: 0.05, commitMs: 1, deadlineMs: DEADLINE_MS, clients: 4_000 };

describe.each([false, true])("in a loop that hears of everybody first: %p", (hearsAllFirst) => {
  const order = { ...cheap, hearsAllFirst, shedOverMs: 200, fromMs: 4_000, toMs: 10_000 };

  test("without a refusal nearly every answer is late at three times what can be done", async () => {
    const { share } = await overload({ ...order, shedOverMs: 0, load: 3, clients: 0 });
    expect(share).toBeLessThan(0.3);
  });

  test("below what can be done nobody is refused", async () => {
    const { share, refused, slowestMs } = await overload({ ...order, load: 0.8, clients: 0 });
    expect(refused).toBe(0);
    expect(share).toBeGreaterThan(0.79);
    expect(slowestMs).toBeLessThan(20);
  });

  test("at three times what can be done nine tenths of that are done, soon, when clients do as Retry-After says", async () => {
    const { share, slowestMs } = await overload({ ...order, load: 3 });
    expect(share).toBeGreaterThan(0.9);
    expect(slowestMs).toBeLessThan(500);
  });

  test("when nobody listens, what the refusals cost is lost, and no more", async () => {
    const { share, slowestMs } = await overload({ ...order, load: 3, clients: 0 });
    const refusals = 2 * (cheap.refusalMs / cheap.costMs);
    expect(share).toBeGreaterThan(0.9 - refusals - 0.1);
    expect(slowestMs).toBeLessThan(500);
  });

  test("requests that cost a hundred times as much are let in a hundred times as seldom", async () => {
    const costly = { costMs: 20, fromMs: 5_000, toMs: 25_000 };
    const { share, slowestMs } = await overload({ ...order, ...costly, load: 3, clients: 0 });
    expect(share).toBeGreaterThan(0.9);
    expect(slowestMs).toBeLessThan(DEADLINE_MS);
  });
});

/** An app that answers when it is told to. */
function held() {
  const waiting: (() => void)[] = [];
  const fetch = () =>
    new Promise<Response>((resolve) => waiting.push(() => resolve(new Response("ok", { status: 200 }))));
  const admission = createAdmission("/tasks", 200);
  const guarded = admission.guard(fetch);
  const ask = (method: string, path: string) => guarded(new Request(`http://test${path}`, { method }));
  return { admission, ask, guarded, waiting };
}

test("a refusal says so as a problem, and when to come again: not all at one moment", async () => {
  const { ask } = held();
  while (ask("POST", "/tasks") instanceof Promise);
  const refusals = await Promise.all([1, 2, 3, 4].map(() => ask("POST", "/tasks")));
  for (const answer of refusals) {
    expect([answer.status, answer.headers.get("content-type")]).toEqual([503, "application/problem+json"]);
    expect(await answer.json()).toMatchObject({ status: 503, code: "overloaded", title: "Service Unavailable" });
  }
  const seconds = refusals.map((answer) => Number(answer.headers.get("retry-after")));
  expect(seconds.sort()).toEqual([1, 2, 3, 4]);
});

test("writes that are stuck keep no read out, and nothing that is not about tasks", async () => {
  const { admission, ask } = held();
  while (ask("POST", "/tasks") instanceof Promise);
  expect(ask("DELETE", "/tasks/1")).toMatchObject({ status: 503 });
  for (const [method, path] of [
    ["GET", "/tasks?limit=3"],
    ["HEAD", "/tasks/1"],
    ["GET", "/readyz"],
    ["GET", "/metrics"],
    ["POST", "/queue/pause"],
  ] as const)
    expect(ask(method, path)).toBeInstanceOf(Promise);
  expect(admission.figures.write).toMatchObject({ inHand: 128, most: 128 });
  expect(admission.figures.read).toMatchObject({ inHand: 2, refused: 0 });
});

test("who is answered makes room for another, also when the app fails", async () => {
  const { admission, ask, waiting } = held();
  const answers = Array.from({ length: 128 }, () => ask("POST", "/tasks"));
  expect(ask("POST", "/tasks")).not.toBeInstanceOf(Promise);
  waiting[0]?.();
  await answers[0];
  expect(ask("POST", "/tasks")).toBeInstanceOf(Promise);
  const failing = createAdmission("/tasks", 200);
  const fails = failing.guard(() => Promise.reject(new Error("broken")));
  expect(await Promise.resolve(fails(new Request("http://test/tasks"))).catch(({ message }) => message)).toBe("broken");
  expect(failing.figures.read.inHand).toBe(0);
  expect(admission.figures.write).toMatchObject({ inHand: 128, refused: 1 });
});

test("clients whose upload is slow take no place from others, and need none to go on", async () => {
  const { admission, guarded } = held();
  const uploads = Array.from({ length: 128 }, () => new Request("http://test/tasks", { method: "POST" }));
  for (const request of uploads) guarded(request);
  expect(guarded(new Request("http://test/tasks", { method: "POST" }))).not.toBeInstanceOf(Promise);
  const { promise, resolve } = Promise.withResolvers<void>();
  const looking = setInterval(() => admission.figures.write.inHand === 0 && resolve(), 5);
  await promise;
  clearInterval(looking);
  for (const request of uploads) admission.arrived(request);
  expect(admission.figures.write.inHand).toBe(128);
});

test("who waits for the store is in hand, who still uploads is not, and the metrics tell how many, and who was refused", async () => {
  const stuck = Object.assign(new MemoryQueue(), { enqueue: () => new Promise<never>(() => {}) });
  const { app, post } = api({ queue: stuck });
  const metrics = async () => (await app.request("/metrics")).text();
  const inHand = async () => Number(/^api_tasks_in_hand\{lane="write"\} (\d+)$/m.exec(await metrics())?.[1]);
  for (let posted = 0; posted < 127; posted += 1) void post(good);
  void app.request("/tasks", { method: "POST", body: new ReadableStream() });
  expect(await inHand()).toBe(128);
  expect((await post(good)).status).toBe(503);
  await eventually(async () => (await inHand()) === 127, 5_000, "the upload has stepped aside", inHand);
  const lines = (await metrics()).split("\n");
  expect(lines).toContain('api_tasks_refused_total{lane="write"} 1');
  expect(lines).toContain('api_tasks_refused_total{lane="read"} 0');
  expect(lines).toContain('api_tasks_in_hand_limit{lane="write"} 128');
});
