import { expect, test } from "bun:test";
import { type Told, told } from "../../supervisor/daemon/happening.ts";
import { createHistory, type HistoryOptions } from "../../supervisor/daemon/history.ts";
import { FakeHistoryFiles } from "./fake-history.ts";

function setUp(change: Partial<HistoryOptions> = {}, files = new FakeHistoryFiles()) {
  const failures: string[] = [];
  const life = "2026-01-01T00:00:00.000Z";
  const options = { files, life, tail: () => ["one", "two"], failed: (text: string) => failures.push(text), ...change };
  const history = createHistory(options);
  let count = 0;
  const take = (event: string, more: Partial<Told> = {}) =>
    history.take(
      { ...told("info", event, `${event} ${++count}`), unit: "api", instance: 1, invocation: "i1", ...more },
      { at: `2026-01-01T00:00:${String(count % 60).padStart(2, "0")}.000Z`, pid: 7 },
    );
  return { files, failures, history, take };
}

const crash = { cause: { tag: "exit", code: 3, ready: true, because: [] }, why: "exited with code 3" } as const;

test("what happened is told newest first, before and after it is written", () => {
  const { history, files, take } = setUp();
  take("service.ready");
  take("service.exited", crash);
  const before = history.of("api");
  expect(before.map(({ event }) => event)).toEqual(["service.exited", "service.ready"]);
  expect(before[0]).toMatchObject({ ...crash, pid: 7, life: "2026-01-01T00:00:00.000Z", output: ["one", "two"] });
  files.pause();
  expect(history.of("api")).toEqual(before);
  expect(history.of("api", 1)).toEqual(before.slice(0, 1));
});

test("a crash loop is one write a pause, not one for each end", () => {
  const { files, take } = setUp();
  for (let times = 0; times < 50; times++) take("service.exited", crash);
  expect(files.log).toEqual([]);
  files.pause();
  expect(files.log).toEqual(["append api"]);
  take("service.exited", crash);
  files.pause();
  expect(files.log).toEqual(["append api", "append api"]);
});

test("what hundreds of units did is written some files at a time, and at the end all that is left", () => {
  const { files, history, take } = setUp();
  const units = Array.from({ length: 300 }, (_, index) => `u${index}`);
  for (const unit of units) take("service.ready", { unit });
  files.pause();
  const atOnce = files.log.length;
  expect(atOnce).toBeGreaterThan(0);
  expect(atOnce).toBeLessThan(100);
  files.pause();
  expect(files.log.length).toBe(2 * atOnce);
  for (const unit of units) expect(history.of(unit)).toHaveLength(1);
  history.flush();
  expect(files.log).toEqual(units.map((unit) => `append ${unit}`));
});

test("an earlier life of the supervisor is still told, and half a line of it is none", () => {
  const earlier = setUp({ life: "2025-12-31T00:00:00.000Z" });
  earlier.take("service.ready");
  earlier.files.pause();
  earlier.files.texts.set("api", `${earlier.files.read("api")}{"event":"serv\n`);
  const { take, history } = setUp({}, earlier.files);
  take("service.ready");
  expect(history.of("api").map(({ life }) => life.slice(0, 4))).toEqual(["2026", "2025"]);
});

test("a file stays within its bound, and the last entries are whole", () => {
  const { files, history, take } = setUp();
  let largestBytes = 0;
  for (let times = 0; times < 3000; times++) {
    take("service.exited", { ...crash, text: "x".repeat(1500) });
    if (times % 7 === 0) files.pause();
    largestBytes = Math.max(largestBytes, files.read("api").length);
  }
  expect(largestBytes).toBeLessThanOrEqual(256 * 1024);
  expect(files.log.filter((line) => line === "replace api").length).toBeGreaterThan(2);
  const entries = history.of("api");
  expect(entries.length).toBeGreaterThan(50);
  expect(entries.length).toBeLessThanOrEqual(200);
  expect(entries.every(({ text }) => text.length === 1500)).toBe(true);
});

test("a flood between two writes keeps its end", () => {
  const { files, history, take } = setUp();
  for (let times = 1; times <= 1000; times++) take("service.ready");
  files.pause();
  expect(files.read("api").trimEnd().split("\n").length).toBe(200);
  const texts = history.of("api").map(({ text }) => text);
  expect(texts.length).toBe(200);
  expect(texts[0]).toBe("service.ready 1000");
});

test("a disk that refuses is told once, until it takes again", () => {
  const { files, failures, take } = setUp();
  files.refusal = "history: no space left";
  for (let times = 0; times < 3; times++) {
    take("service.ready");
    files.pause();
  }
  expect(failures).toEqual(["history: no space left"]);
  files.refusal = null;
  take("service.ready");
  files.pause();
  files.refusal = "history: no space left";
  take("service.ready");
  files.pause();
  expect(failures.length).toBe(2);
});

test("what concerns no unit, and moves that another event tells better, are not kept", () => {
  const { history, take } = setUp();
  take("service.running");
  take("service.waiting", crash);
  take("supervisor.started", { unit: null });
  expect(history.of("api")).toEqual([]);
});

test("a stop that was asked for, and a clean end, have no last words", () => {
  const { history, take } = setUp();
  take("service.exited", { cause: { tag: "exit", code: 0, ready: true, because: [] } });
  take("service.stopping", crash);
  expect(history.of("api").map(({ output }) => output)).toEqual([[], []]);
});
