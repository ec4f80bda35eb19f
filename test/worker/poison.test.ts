import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openQueue } from "../../services/queue/open.ts";
import type { Queue } from "../../services/queue/queue.ts";
import { Program, type RuntimeName, runScript, runtimes } from "../services/program.ts";
import { eventually } from "../support/eventually.ts";
import { within } from "../support/within.ts";
import { type Poison, poisons } from "./poison.ts";

setDefaultTimeout(60_000);
const BOUND_MS = 30_000;
const ATTEMPTS = 2;
/** Leases: one that no busy machine lets run out, and one that is soon over. */
const LONG_MS = 30_000;
const SHORT_MS = 500;

let folder: string;
let url: string;
let queue: Queue;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "poison-"));
  url = `sqlite:${folder}/q.db`;
  const opened = await openQueue(url);
  if (!opened.ok) throw new Error(opened.message);
  ({ queue } = opened);
});
afterEach(async () => {
  await queue.close();
  rmSync(folder, { recursive: true });
});

const put = (type: string) => queue.enqueue({ type, payload: null, maxAttempts: ATTEMPTS });

const isAtRest = async () => {
  const { queued, running, failed } = await queue.stats();
  return queued + running + failed === 0;
};

/** What became of each task: `done`, or its error's code. */
async function fates() {
  const tasks = await queue.list({ limit: 1_000 });
  return tasks.map(({ type, state, error, attempts }) => ({ type, fate: error?.code ?? state, attempts, error }));
}

/** A worker, as long as the test needs it. */
async function withWorker(
  runtime: RuntimeName,
  leaseMs: number,
  use: (worker: Program) => Promise<void>,
): Promise<void> {
  const script = [join(import.meta.dir, "fixtures/poisoned.ts"), url, String(leaseMs)] as const;
  const worker = new Program({ runtime, script });
  try {
    await use(worker);
  } finally {
    worker.child.kill("SIGKILL");
    await worker.exited;
  }
}

describe.each(runtimes)("on %s", (runtime) => {
  test("whatever a handler does, its task ends as it must, and all others are done by the same process", async () => {
    const all: [string, Poison][] = [
      ...Object.entries(poisons),
      ["cannot be read", { handle: () => {}, becomes: ["handler-threw"] }],
    ];
    for (const [name] of all) {
      await put(name);
      await put("good");
    }
    await withWorker(runtime, LONG_MS, async (worker) => {
      await eventually(isAtRest, BOUND_MS, "all tasks have ended", () => worker.stdout + worker.stderr);
      const ended = await fates();
      for (const [name, { becomes, attempts = ATTEMPTS }] of all) {
        const task = ended.find(({ type }) => type === name);
        expect(becomes, name).toContain(task?.fate ?? "missing");
        expect({ name, attempts: task?.attempts }).toEqual({ name, attempts: task?.fate === "done" ? 1 : attempts });
        expect(task?.error?.message.length ?? 0).toBeLessThan(2_001);
      }
      // Of some the runtime tells whose they are.
      const astray = all.filter(([, { becomes }]) => becomes.length > 1).map(([name]) => name);
      expect(ended.filter(({ type }) => astray.includes(type)).map(({ fate }) => fate)).toContain("handler-threw");
      const good = ended.filter(({ type }) => type === "good");
      expect(good).toEqual(all.map(() => ({ type: "good", fate: "done", attempts: 1, error: null })));
      for (const words of ["timer", "gone", "late", "signal"]) expect(worker.stdout).toContain(`astray: ${words}\n`);
      expect(await worker.end("SIGTERM")).toBe(0);
      expect(worker.stderr).toBe("");
    });
  });

  test("a task that takes its process with it is dead after its attempts, and all others are done by the next ones", async () => {
    for (const type of ["good", "exits", "good", "good"]) await put(type);
    for (let lives = 1; lives <= ATTEMPTS; lives++) {
      await withWorker(runtime, SHORT_MS, async (worker) => {
        expect(await within(worker.exited, BOUND_MS, `the end of life ${lives}`)).toBe(7);
      });
    }
    await withWorker(runtime, SHORT_MS, async () => {
      await eventually(isAtRest, BOUND_MS, "all tasks have ended");
    });
    const ended = await fates();
    expect(ended.find(({ type }) => type === "exits")).toMatchObject({ fate: "lease-expired", attempts: ATTEMPTS });
    expect(ended.filter(({ fate }) => fate === "done")).toHaveLength(3);
  });

  test("each error that goes astray is heard of once, by him whose it is or the last one, whatever copies there are", async () => {
    const script = [join(import.meta.dir, "fixtures/two-copies.ts")] as const;
    const { code, stdout, stderr } = await runScript({ runtime, script });
    const whose = { bun: "timer", deno: "promise" }[runtime];
    const nobodys = { bun: "promise", deno: "timer" }[runtime];
    const wanted = [`first: ${whose}`, `second: ${nobodys}`, `second: ${nobodys}`, `second: ${whose}`];
    expect([code, stdout.trim().split("\n").sort(), stderr]).toEqual([0, wanted.sort(), ""]);
  });

  test("a handler that throws without end does not flood the log for ever: the process is told to end", async () => {
    await put("throws without end");
    await withWorker(runtime, LONG_MS, async (worker) => {
      expect(await within(worker.exited, BOUND_MS, "the end of the process")).toBe(9);
      expect(worker.stdout.match(/astray: fail/g)?.length).toBe(1_001);
    });
  });
});
