import { expect, test } from "bun:test";
import { api, good } from "./api.ts";

test("the queue tells how many tasks there are, how old the oldest is, and what is paused", async () => {
  const clock = { now: 1_000 };
  const { get, post, queue } = api({ now: () => clock.now });
  const empty = { queued: 0, running: 0, done: 0, failed: 0, dead: 0, cancelled: 0 };
  expect(await get("/queue")).toEqual({ tasks: empty, oldest_queued_ms: null, paused: [] });
  await post(good);
  await post(good);
  await queue.take("w", 60_000);
  clock.now = 3_500;
  expect(await get("/queue")).toEqual({
    tasks: { ...empty, queued: 1, running: 1 },
    oldest_queued_ms: 2_500,
    paused: [],
  });
});

test("a type can be paused, or all of them, and resumed; what was paused by its name stays so", async () => {
  const { app, post, queue } = api();
  const order = async (path: string) => {
    const answer = await app.request(path, { method: "POST" });
    return [answer.status, ((await answer.json()) as { paused: unknown }).paused];
  };
  await post(good);
  expect(await order("/queue/pause?type=report.aggregate")).toEqual([200, ["report.aggregate"]]);
  expect(await queue.take("w", 60_000)).toBeNull();
  expect((await order("/queue/pause"))[1]).toContain("*");
  expect(await order("/queue/resume")).toEqual([200, ["report.aggregate"]]);
  expect(await queue.take("w", 60_000)).toBeNull();
  expect(await order("/queue/resume?type=report.aggregate")).toEqual([200, []]);
  expect(await queue.take("w", 60_000)).toMatchObject({ task: { type: "report.aggregate" } });
});

test.each([
  ["/queue/pause?type=no.such", "type"],
  ["/queue/pause?typ=x", "typ"],
  ["/queue/resume?type=", "type"],
])("%s is refused by the failing field, and nothing is paused", async (path, field) => {
  const { app, get } = api();
  const answer = await app.request(path, { method: "POST" });
  expect(await answer.json()).toMatchObject({ status: 400, errors: [{ field }] });
  expect(await get("/queue")).toMatchObject({ paused: [] });
});
