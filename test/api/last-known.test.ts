import { expect, test } from "bun:test";
import { createLastKnown } from "../../services/api/last-known.ts";
import { MemoryQueue } from "../../services/queue/memory.ts";
import { QueueUnavailable } from "../../services/queue/queue.ts";
import { api, good } from "./api.ts";

/** A store that can be taken away. */
class Fickle extends MemoryQueue {
  isAway = false;

  override async get(id: string) {
    if (this.isAway) throw new QueueUnavailable("away");
    return super.get(id);
  }
}

test("while the store is away a task that was made or asked for here is told as it was last known, with its age", async () => {
  const queue = new Fickle();
  const { app, post, get } = api({ queue });
  const [made, asked] = await Promise.all(
    [1, 2].map(async () => ((await (await post(good)).json()) as { id: string }).id),
  );
  const lease = await queue.take("w", 1_000);
  if (!lease || !asked) throw new Error("a task was due");
  const before = await get(`/tasks/${asked}`);
  queue.isAway = true;
  for (const [id, body] of [
    [made, { id: made }],
    [asked, before],
  ] as const) {
    const answer = await app.request(`/tasks/${id}`);
    expect([answer.status, answer.headers.get("age"), answer.headers.get("content-type")]).toEqual([
      200,
      "0",
      "application/json",
    ]);
    expect(await answer.json()).toMatchObject(body);
  }
  queue.isAway = false;
  expect((await app.request(`/tasks/${asked}`)).headers.has("age")).toBe(false);
});

test("while the store is away a task that nobody here knows, or that was gone, is refused and not called unknown", async () => {
  const queue = new Fickle();
  const { app, post } = api({ queue });
  const { id } = (await (await post(good)).json()) as { id: string };
  await queue.cancel(id);
  await queue.discard(id);
  const statuses = async () =>
    Promise.all([id, "elsewhere"].map(async (each) => (await app.request(`/tasks/${each}`)).status));
  expect(await statuses()).toEqual([404, 404]);
  queue.isAway = true;
  expect(await statuses()).toEqual([503, 503]);
});

test("what is remembered is bounded by its length: the one that was not seen for the longest time goes first", () => {
  let nowMs = 0;
  const known = createLastKnown(() => nowMs, 10);
  known.see("a", "aaaa");
  known.see("b", "bbbb");
  known.see("a", "AAAA");
  known.see("c", "cccc");
  nowMs = 1_500;
  expect(known.of("b")).toBeNull();
  expect(known.of("a")).toEqual({ text: "AAAA", ageMs: 1_500 });
  known.see("d", "d".repeat(11));
  expect(["a", "c", "d"].map((id) => known.of(id))).toEqual([null, null, null]);
  known.see("e", "e");
  expect(known.of("e")).toEqual({ text: "e", ageMs: 0 });
});
