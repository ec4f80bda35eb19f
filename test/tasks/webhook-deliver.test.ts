import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import type { Task } from "../../services/queue/queue.ts";
import { webhookDeliver } from "../../services/tasks/webhook-deliver.ts";
import { tellCases } from "../support/tell-cases.ts";
import { contextFor } from "./context.ts";
import { openTarget } from "./fixtures/target.ts";
import { cases } from "./webhook-cases.ts";

tellCases(cases, join(import.meta.dir, "fixtures/webhook.ts"), 60_000);

let target: Awaited<ReturnType<typeof openTarget>>;
beforeAll(async () => {
  target = await openTarget();
});
afterAll(() => target.close());

const run = (payload: Record<string, unknown>, task: Partial<Task> = {}, signal = new AbortController().signal) =>
  webhookDeliver.handle(webhookDeliver.payload.parse(payload), contextFor({ signal }, task));

test("a delivery is a POST that carries the task's id as its idempotency key", async () => {
  const task = { id: "the-task", traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" };
  const headers = { "X-Mine": "yes", "Idempotency-Key": "not mine to say" };
  const attempt = await run({ url: `${target.url}/204`, body: { a: [1] }, headers }, task);
  expect(attempt).toEqual({ ok: true, result: { status: 204, duration_ms: expect.any(Number) } });
  const sent = target.deliveries.at(-1);
  expect(sent).toMatchObject({ method: "POST", body: '{"a":[1]}' });
  expect(sent?.headers).toMatchObject({
    "idempotency-key": "the-task",
    "x-mine": "yes",
    "content-type": "application/json",
    traceparent: task.traceparent,
  });
});

test("a text is sent as it is, and the given content type wins", async () => {
  await run({ url: `${target.url}/200`, body: "é {", headers: { "content-type": "text/csv" } });
  expect(target.deliveries.at(-1)).toMatchObject({ body: "é {", headers: { "content-type": "text/csv" } });
});

test.each([408, 425, 429, 500, 502, 503])("%d is tried again", async (status) => {
  expect(await run({ url: `${target.url}/${status}`, body: 1 })).toMatchObject({ ok: false, retry: true });
});

test.each([301, 307, 400, 401, 404, 410, 422])("%d ends it at once, and no redirect is followed", async (status) => {
  const before = target.deliveries.length;
  expect(await run({ url: `${target.url}/${status}`, body: 1 })).toEqual({
    ok: false,
    error: { code: "http-status", message: `POST ${target.url}/${status}: answered ${status}` },
    retry: false,
  });
  expect(target.deliveries.length).toBe(before + 1);
});

test("silence is tried again after the time limit, and the message keeps the query to itself", async () => {
  const attempt = await run({ url: `${target.url}/silent?token=hush`, body: 1, timeout_ms: 50 });
  expect(attempt).toEqual({
    ok: false,
    error: { code: "timed-out", message: `POST ${target.url}/silent: no answer within 50 ms` },
    retry: true,
  });
});

test("a host that refuses is tried again", async () => {
  const gone = await openTarget();
  await gone.close();
  const attempt = await run({ url: `${gone.url}/200?token=hush`, body: 1 });
  expect(attempt).toMatchObject({ ok: false, error: { code: "network" }, retry: true });
  expect(JSON.stringify(attempt)).not.toContain("hush");
});

test("the drain's signal ends a delivery that waits", async () => {
  const stop = new AbortController();
  const waiting = run({ url: `${target.url}/silent`, body: 1 }, {}, stop.signal);
  stop.abort(new Error("enough"));
  await expect(waiting).rejects.toThrow("enough");
});

test.each([
  [{ url: "ftp://x/", body: 1 }, "url"],
  [{ url: "file:///etc/passwd", body: 1 }, "url"],
  [{ url: "no", body: 1 }, "url"],
  [{ url: "http://x/", body: 1, timeout_ms: 0 }, "timeout_ms"],
  [{ url: "http://x/", body: 1, headers: { "a b": "x" } }, "headers.a b"],
  [{ url: "http://x/", body: 1, headers: { a: "x\r\nb: y" } }, "headers.a"],
  [{ url: "http://x/", body: 1, headers: { Host: "internal" } }, "headers.Host"],
  [{ url: "http://x/", body: 1, headers: { "transfer-encoding": "chunked" } }, "headers.transfer-encoding"],
])("the payload's failing field is named: %j", (payload, field) => {
  const parsed = webhookDeliver.payload.safeParse(payload);
  expect(parsed.error?.issues.map(({ path }) => path.join("."))).toEqual([field]);
});
