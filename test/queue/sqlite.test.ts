import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pollDatabase } from "../../services/queue/sqlite-watch.ts";
import { Program, runScript, runtimes } from "../services/program.ts";
import { within } from "../support/within.ts";
import { opened } from "./stores.ts";

setDefaultTimeout(60_000);

const never = new AbortController().signal;
let folder: string;
let url: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "queue-"));
  url = `sqlite:${folder}/q.db`;
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a sleeper in one process wakes at once for a task from another", async () => {
  const [asleep, other] = [await opened(url), await opened(url)];
  while (!(await asleep.take("w", 1_000))) {
    const sleeping = asleep.wait(60_000, never).then(() => asleep.wait(60_000, never));
    await other.enqueue({ type: "t", payload: 1 });
    await within(sleeping, 20_000, "the wake-up");
  }
  await Promise.all([asleep.close(), other.close()]);
});

test("where the file cannot be watched, asking it wakes the sleeper too", async () => {
  const writer = await opened(url);
  const db = new DatabaseSync(join(folder, "q.db"));
  let stop = () => {};
  const rung = new Promise<void>((resolve) => {
    stop = pollDatabase(db, resolve);
  });
  await writer.enqueue({ type: "t", payload: 1 });
  await within(rung, 20_000, "the ring");
  stop();
  db.close();
  await writer.close();
});

test("what is asked after a pause in the same moment is not given", async () => {
  const queue = await opened(url);
  for (let n = 0; n < 2; n += 1) await queue.enqueue({ type: "t", payload: n });
  const [before, , after] = await Promise.all([queue.take("w", 1_000), queue.pause(null), queue.take("w", 1_000)]);
  expect([before?.task.payload, after]).toEqual([0, null]);
  await queue.close();
});

test("a write waits for another process's lock without stopping the event loop", async () => {
  const queue = await opened(url);
  const holder = new DatabaseSync(join(folder, "q.db"));
  holder.exec("BEGIN IMMEDIATE");
  let turns = 0;
  const ticking = setInterval(() => {
    turns += 1;
    if (turns === 20) holder.exec("COMMIT");
  }, 2);
  const { fresh } = await within(queue.enqueue({ type: "t", payload: 1 }), 20_000, "the write");
  clearInterval(ticking);
  expect(fresh).toBe(true);
  expect(turns).toBeGreaterThanOrEqual(20);
  holder.close();
  await queue.close();
});

test("a write that the database refuses is rejected, and the next one succeeds", async () => {
  const queue = await opened(url);
  const saboteur = new DatabaseSync(join(folder, "q.db"));
  saboteur.exec(
    "CREATE TRIGGER no BEFORE INSERT ON tasks WHEN new.type = 'no' BEGIN SELECT raise(ABORT, 'refused'); END",
  );
  const both = await Promise.allSettled([
    queue.enqueue({ type: "yes", payload: 1 }),
    queue.enqueue({ type: "no", payload: 1 }),
  ]);
  expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect((await queue.stats()).queued).toBe(0);
  await queue.enqueue({ type: "yes", payload: 1 });
  expect((await queue.stats()).queued).toBe(1);
  saboteur.close();
  await queue.close();
});

test("closing waits for what is being written", async () => {
  const queue = await opened(url);
  const writing = queue.enqueue({ type: "t", payload: 1 });
  await queue.close();
  expect((await writing).fresh).toBe(true);
});

test.each(runtimes)(
  "four %s processes share one file: each task is done once, none is left",
  async (runtime) => {
    const tasks = 200;
    const script = [join(import.meta.dir, "fixtures/share.ts"), url] as const;
    const makers = ["1", "2"].map((name) =>
      runScript({ runtime, script: [...script, "make", name, String(tasks / 2)] }),
    );
    const takers = ["3", "4"].map((name) => runScript({ runtime, script: [...script, "take", name, String(tasks)] }));
    const ends = await Promise.all([...makers, ...takers]);
    expect(ends.map(({ code, stderr }) => ({ code, stderr }))).toEqual(ends.map(() => ({ code: 0, stderr: "" })));
    const done = ends.slice(2).flatMap(({ stdout }) => JSON.parse(stdout) as string[]);
    expect(done.length).toBe(tasks);
    expect(new Set(done).size).toBe(tasks);
  },
  60_000,
);

test.each(runtimes)(
  "what a %s process was told is enqueued survives its SIGKILL",
  async (runtime) => {
    const maker = new Program({
      runtime,
      script: [join(import.meta.dir, "fixtures/share.ts"), url, "make", "k", "1000000"],
    });
    await maker.prints(/(\d+\n){20}/);
    await maker.end("SIGKILL");
    const queue = await opened(url);
    const told = maker.stdout.split("\n").slice(0, -1);
    for (const key of told)
      expect((await queue.enqueue({ type: "t", payload: 0, idempotencyKey: `k-${key}` })).fresh).toBe(false);
    await queue.close();
  },
  60_000,
);
