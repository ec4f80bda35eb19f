import { expect, test } from "bun:test";
import { MemoryQueue } from "../../services/queue/memory.ts";
import { api, good, NOON } from "./api.ts";

test("a task is accepted with its id and where to ask for it", async () => {
  const { post, get, queue } = api();
  const answer = await post({ ...good, priority: 3, delay_ms: 10, max_attempts: 2 });
  expect(answer.status).toBe(202);
  const { id, status_url } = (await answer.json()) as { id: string; status_url: string };
  expect(status_url).toBe(`/tasks/${id}`);
  expect(answer.headers.get("location")).toBe(status_url);
  expect(await queue.get(id)).toMatchObject({ ...good, priority: 3, max_attempts: 2, created_at: NOON });
  expect(await queue.take("w", 1_000)).toBeNull();
  expect(await get(status_url)).toEqual({
    id,
    type: "report.aggregate",
    state: "queued",
    attempts: 0,
    max_attempts: 2,
    priority: 3,
    created_at: "2026-01-01T12:00:00.000Z",
    started_at: null,
    finished_at: null,
    progress: null,
    result: null,
    error: null,
  });
});

test("what became of a task can be asked", async () => {
  const { post, get, queue } = api();
  await post(good);
  await post(good);
  const [first, second] = [await queue.take("w", 1_000), await queue.take("w", 1_000)];
  if (!first || !second) throw new Error("two tasks were due");
  await queue.done(first, { groups: {}, rows: 0 });
  await queue.failed(second, { code: "bad-row", message: "row 1: has no field k" }, false);
  const at = "2026-01-01T12:00:00.000Z";
  expect(await get(`/tasks/${first.task.id}`)).toMatchObject({
    state: "done",
    attempts: 1,
    started_at: at,
    finished_at: at,
    result: { groups: {}, rows: 0 },
    error: null,
  });
  expect(await get(`/tasks/${second.task.id}`)).toMatchObject({
    state: "dead",
    result: null,
    error: { code: "bad-row", message: "row 1: has no field k" },
  });
});

test("a task can be cancelled, queued anew and forgotten; each refusal says why", async () => {
  const { app, post } = api();
  const { id } = (await (await post(good)).json()) as { id: string };
  const order = async (method: string, path: string): Promise<readonly unknown[]> => {
    const answer = await app.request(path, { method });
    const body = (answer.status === 204 ? {} : await answer.json()) as Record<string, unknown>;
    return [answer.status, body.state ?? body.code ?? null, body.detail ?? null];
  };
  const busy = expect.stringContaining("The task is queued;");
  expect(await order("POST", `/tasks/${id}/retry`)).toEqual([409, "task-state", busy]);
  expect(await order("DELETE", `/tasks/${id}`)).toEqual([409, "task-state", busy]);
  expect(await order("POST", `/tasks/${id}/cancel`)).toEqual([200, "cancelled", null]);
  expect(await order("POST", `/tasks/${id}/cancel`)).toEqual([
    409,
    "task-state",
    expect.stringContaining("The task is cancelled;"),
  ]);
  expect(await order("POST", `/tasks/${id}/retry`)).toEqual([200, "queued", null]);
  await order("POST", `/tasks/${id}/cancel`);
  expect(await order("DELETE", `/tasks/${id}`)).toEqual([204, null, null]);
  const missing = [404, "task-unknown", "There is no task of this id."];
  expect(await order("DELETE", `/tasks/${id}`)).toEqual(missing);
  for (const what of ["cancel", "retry"]) expect(await order("POST", `/tasks/${id}/${what}`)).toEqual(missing);
});

test("the same Idempotency-Key again answers 202 with the same id", async () => {
  const { post, queue } = api({ maxPending: 1 });
  const ids = [];
  for (let n = 0; n < 3; n += 1) {
    const answer = await post(good, { "idempotency-key": "order-17" });
    expect(answer.status).toBe(202);
    ids.push(((await answer.json()) as { id: string }).id);
  }
  expect(new Set(ids).size).toBe(1);
  expect((await queue.stats()).queued).toBe(1);
});

test("a good traceparent is carried along; in place of a bad one a trace begins that is only an id", async () => {
  const { post, queue } = api();
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  for (const value of [traceparent, traceparent.replace("0af7", "XXXX")]) await post(good, { traceparent: value });
  const [given, own] = (await queue.list({ limit: 9 })).map((task) => task.traceparent);
  expect(given).toBe(traceparent);
  expect(own).toMatch(/^00-(?!0{32})[0-9a-f]{32}-0{16}-00$/);
});

const payload = good.payload;
test.each([
  ["", ["body"]],
  ["{", ["body"]],
  ["[]", ["body"]],
  [{ payload }, ["type"]],
  [{ type: "no.such", payload }, ["type"]],
  [{ ...good, priority: 101 }, ["priority"]],
  [{ ...good, delay_ms: -1 }, ["delay_ms"]],
  [{ ...good, max_attempts: 0 }, ["max_attempts"]],
  [{ ...good, max_attempts: 1.5, delay_ms: "1" }, ["delay_ms", "max_attempts"]],
  [{ ...good, extra: 1, more: 2 }, ["extra", "more"]],
  [{ type: good.type }, ["payload"]],
  [{ type: good.type, payload: { rows: [], sum: "v" } }, ["payload.group_by"]],
  [{ type: good.type, payload: { ...payload, rows: [{}, 1] } }, ["payload.rows.1"]],
  [{ type: good.type, payload: { ...payload, surprise: 1 } }, ["payload.surprise"]],
  [{ type: "webhook.deliver", payload: { url: "gopher://x", body: 1 } }, ["payload.url"]],
])("%j is refused by name of the failing field", async (body, fields) => {
  const { post, queue } = api();
  const answer = await post(body);
  expect(answer.status).toBe(400);
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  const problem = (await answer.json()) as { code: string; detail: string; errors: { field: string }[] };
  expect(problem).toMatchObject({ status: 400, code: "request-invalid" });
  expect(problem.errors.map(({ field }) => field)).toEqual(fields);
  for (const field of fields) expect(problem.detail).toContain(`${field}: `);
  expect((await queue.stats()).queued).toBe(0);
});

test.each(["", " ", "é", "x".repeat(256), "a\tb"])("the Idempotency-Key %j is refused", async (key) => {
  const { post } = api();
  const answer = await post(good, { "idempotency-key": key });
  expect(await answer.json()).toMatchObject({ status: 400, errors: [{ field: "Idempotency-Key" }] });
});

test("a full queue answers 503 and when to come again", async () => {
  const { post } = api({ maxPending: 1 });
  await post(good);
  const answer = await post(good);
  expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "1"]);
  expect(await answer.json()).toMatchObject({ status: 503, code: "queue-full" });
});

test("a client that asks too often answers 429 and when to come again; others are not touched, nor is health", async () => {
  const { app } = api({ rateLimit: { perSecond: 0.5, burst: 2 } });
  const from = (address: string) => ({ requestIP: () => ({ address }) });
  const ask = (path: string, address: string) => app.request(path, {}, from(address));
  const first = await Promise.all([1, 2, 3].map(() => ask("/tasks", "192.0.2.1")));
  expect(first.map(({ status }) => status)).toEqual([200, 200, 429]);
  expect(first[2]?.headers.get("retry-after")).toBe("2");
  expect(await first[2]?.json()).toMatchObject({ code: "too-many-requests" });
  expect((await ask("/tasks/x", "192.0.2.1")).status).toBe(429);
  expect((await ask("/healthz", "192.0.2.1")).status).toBe(200);
  expect((await ask("/tasks", "192.0.2.2")).status).toBe(200);
});

test("a body that is too large answers 413, whether or not it says how long it is", async () => {
  const { app } = api();
  const large = "x".repeat(3_000);
  const stream = new Blob([large]).stream();
  for (const body of [large, stream]) {
    const answer = await app.request("/tasks", { method: "POST", body });
    expect(answer.status).toBe(413);
    expect(await answer.json()).toMatchObject({ code: "body-too-large", status: 413 });
  }
});

test("tasks are listed by state, page by page", async () => {
  const { post, get, queue } = api();
  for (let n = 0; n < 5; n += 1) await post(good);
  await queue.take("w", 1_000);
  const ids = (await queue.list({ limit: 9 })).map(({ id }) => id);
  expect(((await get("/tasks")).tasks as unknown[]).length).toBe(5);
  const seen: string[] = [];
  for (let url: string | null = "/tasks?state=queued&limit=3"; url; ) {
    const page: Record<string, unknown> = await get(url);
    seen.push(...(page.tasks as { id: string }[]).map(({ id }) => id));
    url = page.next as string | null;
  }
  expect(seen).toEqual(ids.slice(1));
});

test.each([
  ["/tasks?state=asleep", "state"],
  ["/tasks?limit=0", "limit"],
  ["/tasks?limit=x", "limit"],
  ["/tasks?stat=queued", "stat"],
])("%s is refused by the failing field", async (path, field) => {
  expect(await api().get(path)).toMatchObject({ status: 400, errors: [{ field }] });
});

test("a request has an id, its own or one that it is given, and it stands in every answer and in the log", async () => {
  const broken = new MemoryQueue();
  broken.get = () => Promise.reject(new Error("the disk is gone"));
  const { app, reported } = api({ queue: broken });
  const own = await app.request("/nowhere", { headers: { "x-request-id": "order-17" } });
  expect([own.headers.get("x-request-id"), await own.json()]).toEqual([
    "order-17",
    expect.objectContaining({ code: "route-unknown", request_id: "order-17" }),
  ]);
  const bad = await app.request("/tasks", { headers: { "x-request-id": "not one\tof ours" } });
  expect(bad.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  await app.request("/tasks/x", { headers: { "x-request-id": "order-18" } });
  expect(reported).toEqual(["GET /tasks/x (order-18): the disk is gone"]);
});

test("an unknown task and an unknown route are problems with codes of their own", async () => {
  const { get } = api();
  expect(await get("/tasks/nobody")).toMatchObject({ status: 404, code: "task-unknown" });
  expect(await get("/nowhere")).toMatchObject({ status: 404, code: "route-unknown" });
});

test("a fault of ours is told to the log, not to the client", async () => {
  const queue = Object.assign(new MemoryQueue(), {
    enqueue: () => Promise.reject(new Error("disk I/O error at /secret/place")),
  });
  const { post, reported } = api({ queue });
  const answer = await post(good);
  expect(answer.status).toBe(500);
  expect(await answer.text()).not.toContain("secret");
  expect(reported).toEqual([
    expect.stringMatching(/^POST \/tasks \([0-9a-f-]{36}\): disk I\/O error at \/secret\/place$/),
  ]);
});

test("the metrics count tasks by state and answers by outcome, in OpenMetrics", async () => {
  const { app, post } = api({ maxPending: 2 });
  for (let n = 0; n < 3; n += 1) await post(good);
  await post("{");
  const answer = await app.request("/metrics");
  expect(answer.headers.get("content-type")).toStartWith("application/openmetrics-text; version=1.0.0");
  const lines = (await answer.text()).split("\n");
  expect(lines).toContain('queue_tasks{state="queued"} 2');
  expect(lines).toContain('queue_tasks{state="dead"} 0');
  expect(lines).toContain('api_submissions_total{outcome="accepted"} 2');
  expect(lines).toContain('api_submissions_total{outcome="full"} 1');
  expect(lines).toContain('api_submissions_total{outcome="invalid"} 1');
  expect(lines.slice(-2)).toEqual(["# EOF", ""]);
});

test("it is ready from ready() until the drain, as long as the queue answers", async () => {
  const queue = new MemoryQueue();
  const { app, life, drain } = api({ queue });
  const status = async () => (await app.request("/readyz")).status;
  expect(await status()).toBe(503);
  life.ready();
  expect(await status()).toBe(200);
  const { stats } = queue;
  queue.stats = () => Promise.reject(new Error("gone"));
  expect(await status()).toBe(503);
  queue.stats = stats;
  expect(await status()).toBe(200);
  drain();
  expect(await status()).toBe(503);
  expect((await app.request("/healthz")).status).toBe(200);
  expect(await (await app.request("/info")).json()).toMatchObject({ version: "1.2.3", commit: "abc" });
});
