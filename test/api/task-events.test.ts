import { expect, test } from "bun:test";
import { within } from "../support/within.ts";
import { api, good } from "./api.ts";

const BOUND_MS = 5_000;

type Event = Readonly<{ name: string; id: string | null; task: { state: string; progress: unknown } }>;

/** Opens a stream, and gives its events one by one; null at its end. */
async function open(app: ReturnType<typeof api>["app"], path: string, headers: Record<string, string> = {}) {
  const answer = await app.request(path, { headers });
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const next = async (): Promise<Event | null> => {
    for (;;) {
      const end = text.indexOf("\n\n");
      if (end >= 0) {
        const fields = Object.fromEntries(text.slice(0, end).split("\n").map(fieldOf));
        text = text.slice(end + 2);
        if ("data" in fields)
          return { name: fields.event ?? "", id: fields.id ?? null, task: JSON.parse(fields.data ?? "") };
        continue;
      }
      const part = await within(Promise.resolve(reader?.read()), BOUND_MS, "an event");
      if (!part || part.done) return null;
      text += part.value;
    }
  };
  return { answer, next, cancel: () => reader?.cancel() };
}

const fieldOf = (line: string) => {
  const at = line.indexOf(": ");
  return [line.slice(0, at), line.slice(at + 2)] as const;
};

async function one(options: Parameters<typeof api>[0] = {}) {
  const served = api(options);
  const { id } = (await (await served.post(good)).json()) as { id: string };
  return { ...served, id, path: `/tasks/${id}/events` };
}

test("a stream begins with the task as it is, tells each change, and ends with it", async () => {
  const { app, queue, path, get, id } = await one();
  const { answer, next } = await open(app, path);
  expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "text/event-stream"]);
  expect(await next()).toEqual({ name: "task", id: null, task: (await get(`/tasks/${id}`)) as Event["task"] });
  const taken = await queue.take("w", 60_000);
  if (!taken) throw new Error("a task was due");
  expect((await next())?.task).toMatchObject({ state: "running", progress: null });
  await queue.progress(taken, { rows: 7 });
  expect((await next())?.task).toMatchObject({ state: "running", progress: { rows: 7 } });
  await queue.done(taken, { groups: {}, rows: 9 });
  expect(await next()).toMatchObject({ id: expect.stringMatching(/^done-\d+$/), task: { result: { rows: 9 } } });
  expect(await next()).toBeNull();
});

test.each(["done", "dead", "cancelled"])("of a task that is %s already there is one event", async (state) => {
  const { app, queue, path, id } = await one();
  const taken = await queue.take("w", 60_000);
  if (!taken) throw new Error("a task was due");
  if (state === "done") await queue.done(taken, null);
  if (state === "dead") await queue.failed(taken, { code: "x", message: "x" }, false);
  if (state === "cancelled") await queue.cancel(id);
  const { next } = await open(app, path);
  expect((await next())?.task.state).toBe(state);
  expect(await next()).toBeNull();
});

test("a task that failed and will be tried again has not ended", async () => {
  const { app, queue, path } = await one();
  const taken = await queue.take("w", 60_000);
  if (!taken) throw new Error("a task was due");
  await queue.failed(taken, { code: "x", message: "x" }, true);
  const { next, cancel } = await open(app, path);
  expect(await next()).toMatchObject({ id: null, task: { state: "failed" } });
  await cancel();
});

test("who comes back with the id of the end is told that there is no more; queued anew, the task goes on", async () => {
  const { app, queue, path, id } = await one();
  await queue.cancel(id);
  const end = (await (await open(app, path)).next())?.id ?? "";
  expect(end).toMatch(/^cancelled-\d+$/);
  expect((await open(app, path, { "last-event-id": end })).answer.status).toBe(204);
  expect((await open(app, path, { "last-event-id": "done-1" })).answer.status).toBe(200);
  await queue.retry(id);
  const again = await open(app, path, { "last-event-id": end });
  expect((await again.next())?.task.state).toBe("queued");
  await again.cancel();
});

test("a task that is forgotten while it is watched ends its stream; who comes back finds that there is none", async () => {
  const { app, queue, path, id } = await one();
  const { next } = await open(app, path);
  await next();
  await queue.cancel(id);
  await queue.discard(id);
  expect(await next()).toBeNull();
  expect(await (await app.request(path)).json()).toMatchObject({ status: 404, code: "task-unknown" });
});

test("there are as many streams as may be, and more when one has gone", async () => {
  const { app, path } = await one({ maxStreams: 2 });
  const [first, second] = [await open(app, path), await open(app, path)];
  const third = await app.request(path);
  expect([third.status, third.headers.get("retry-after")]).toEqual([503, "5"]);
  expect(await third.json()).toMatchObject({ code: "too-many-streams" });
  const streams = async () => (await (await app.request("/metrics")).text()).match(/^api_event_streams (\d+)$/m)?.[1];
  expect(await streams()).toBe("2");
  await first.cancel();
  const next = await open(app, path);
  expect(next.answer.status).toBe(200);
  await second.cancel();
  await next.cancel();
});

test("in a drain each stream ends cleanly, with a time to come back after", async () => {
  const { app, path, drain } = await one();
  const stream = (await app.request(path)).text();
  drain();
  expect(await within(stream, BOUND_MS, "the end of the stream")).toMatch(/\n\nretry: \d+\n\n$/);
  expect((await app.request(path)).status).toBe(200);
});
