import { expect, test } from "bun:test";
import { createTaskWatch, restMs } from "../../services/api/task-watch.ts";
import { MemoryQueue } from "../../services/queue/memory.ts";
import type { Task } from "../../services/queue/queue.ts";

const good = { type: "report.aggregate", payload: {} };

async function watched() {
  const queue = new MemoryQueue();
  const clock = { now: 0 };
  const asked: string[] = [];
  const reported: string[] = [];
  let look: (() => void) | null = null;
  const watch = createTaskWatch({
    queue: {
      get: (id) => {
        asked.push(id);
        return queue.get(id);
      },
    },
    report: (error) => reported.push(error.message),
    now: () => clock.now,
    every: (_, each) => {
      look = each;
      return () => (look = null);
    },
  });
  /** Lets a time pass, and the one timer that there is fire at its end. */
  const pass = async (ms: number) => {
    clock.now += ms;
    look?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  const follow = (task: Task) => {
    const heard: string[] = [];
    const leave = new AbortController();
    watch.watch(task, (now) => heard.push(now ? `${now.state} ${now.progress ?? ""}`.trim() : "gone"), leave.signal);
    return { heard, leave: () => leave.abort() };
  };
  const add = async () => (await queue.enqueue(good)).task;
  return { queue, watch, asked, reported, pass, follow, add, isTicking: () => look !== null };
}

test.each([
  [0, 50],
  [499, 50],
  [2_000, 200],
  [10_000, 1_000],
  [86_400_000, 1_000],
])("a task that has not changed for %d ms is left alone for %d ms", (quietMs, rest) => {
  expect(restMs(quietMs)).toBeCloseTo(rest);
});

test("each change of state and of progress is told once", async () => {
  const { queue, pass, follow, add } = await watched();
  const { heard } = follow(await add());
  await pass(50);
  expect(heard).toEqual([]);
  const taken = await queue.take("w", 60_000);
  if (!taken) throw new Error("a task was due");
  await pass(50);
  await queue.progress(taken, "half");
  await pass(50);
  await pass(50);
  await queue.renew(taken, 60_000);
  await pass(50);
  await queue.done(taken, { rows: 0 });
  await pass(50);
  expect(heard).toEqual(["running", "running half", "done half"]);
});

test("one look serves all who watch the same task, and who comes late hears nothing twice", async () => {
  const { queue, asked, pass, follow, add } = await watched();
  const task = await add();
  const first = follow(task);
  await queue.cancel(task.id);
  const seen = await queue.get(task.id);
  if (!seen) throw new Error("the task is there");
  const second = follow(seen);
  await pass(50);
  expect(asked).toEqual([task.id]);
  expect([first.heard, second.heard]).toEqual([["cancelled"], []]);
  await queue.discard(task.id);
  await pass(50);
  expect([first.heard, second.heard]).toEqual([["cancelled", "gone"], ["gone"]]);
});

test("a task in which nothing moves is looked at ever more seldom, and often again once it moves", async () => {
  const { queue, asked, pass, follow, add } = await watched();
  const task = await add();
  follow(task);
  for (let ms = 0; ms < 20_000; ms += 50) await pass(50);
  const seldom = asked.length;
  expect(seldom).toBeGreaterThan(20);
  expect(seldom).toBeLessThan(60);
  await queue.take("w", 60_000);
  await pass(1_000);
  await pass(50);
  expect(asked.length).toBe(seldom + 2);
});

test("a look that is not answered is not followed by another, and keeps no other task waiting", async () => {
  const { queue, asked, pass, follow, add } = await watched();
  const [stuck, other] = [await add(), await add()];
  const get = queue.get.bind(queue);
  const go = Promise.withResolvers<void>();
  queue.get = (id) => (id === stuck.id ? go.promise.then(() => get(id)) : get(id));
  const first = follow(stuck);
  const second = follow(other);
  await queue.cancel(stuck.id);
  await queue.cancel(other.id);
  for (let times = 0; times < 3; times += 1) await pass(50);
  expect(asked.filter((id) => id === stuck.id)).toHaveLength(1);
  expect([first.heard, second.heard]).toEqual([[], ["cancelled"]]);
  go.resolve();
  await pass(0);
  expect(first.heard).toEqual(["cancelled"]);
});

test("a queue that fails is reported once, and what changed meanwhile is told when it answers again", async () => {
  const { queue, reported, pass, follow, add } = await watched();
  const task = await add();
  const { heard } = follow(task);
  const { get } = queue;
  queue.get = () => Promise.reject(new Error("no disk"));
  for (let times = 0; times < 3; times += 1) await pass(50);
  expect(reported).toEqual(["no disk"]);
  queue.get = get;
  await queue.cancel(task.id);
  await pass(50);
  expect(heard).toEqual(["cancelled"]);
});

test("when the last one has left nothing ticks any more, and nothing is kept", async () => {
  const { watch, asked, pass, follow, add, isTicking } = await watched();
  const task = await add();
  expect(isTicking()).toBe(false);
  const [first, second] = [follow(task), follow(task)];
  expect([watch.watchers, isTicking()]).toEqual([2, true]);
  first.leave();
  expect([watch.watchers, isTicking()]).toEqual([1, true]);
  second.leave();
  expect([watch.watchers, isTicking()]).toEqual([0, false]);
  await pass(1_000);
  expect(asked).toEqual([]);
  const other = await add();
  follow(other);
  await pass(1_000);
  expect(asked).toEqual([other.id]);
});
