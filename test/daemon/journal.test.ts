import { describe, expect, test } from "bun:test";
import { type Level, type Told, told } from "../../supervisor/daemon/happening.ts";
import { createJournal, type JournalOptions } from "../../supervisor/daemon/journal.ts";

const ready: Told = {
  ...told("info", "service.ready", "ready after 17 ms"),
  unit: "api",
  instance: 1,
  invocation: "i7",
  generation: 2,
};

function written(change: Partial<JournalOptions>, ...lines: readonly (readonly [Told, number | null])[]): string[] {
  const found: string[] = [];
  const journal = createJournal({ level: "info", readable: false, write: (line) => found.push(line), ...change });
  for (const [one, pid] of lines) journal.write(one, pid);
  return found;
}

describe("as JSON", () => {
  test("a line has the fields that are known, and no others", () => {
    const [line = ""] = written({}, [ready, 42]);
    expect(line.endsWith("}\n")).toBe(true);
    const { time, ...fields } = JSON.parse(line);
    expect(fields).toEqual({
      level: "info",
      event: "service.ready",
      unit: "api",
      instance: 1,
      invocation: "i7",
      generation: 2,
      pid: 42,
      msg: "ready after 17 ms",
    });
    expect(new Date(time).toISOString()).toBe(time);
  });

  test("a move has where from, where to and why, and no pid when there is none", () => {
    const [line = ""] = written({}, [{ ...ready, from: "running", to: "failed", why: "exited" }, null]);
    const fields = JSON.parse(line);
    expect(fields).toMatchObject({ from: "running", to: "failed", why: "exited" });
    expect("pid" in fields).toBe(false);
  });
});

describe("the level", () => {
  const levels: readonly Level[] = ["debug", "info", "warn", "error"];
  test.each(levels.map((level, index) => [level, levels.slice(index)] as const))("%s writes %p", (level, heard) => {
    const lines = levels.map((each) => [{ ...ready, level: each }, null] as const);
    expect(written({ level }, ...lines).map((line) => JSON.parse(line).level)).toEqual([...heard]);
  });
});

describe("for people", () => {
  const readable = (change: Partial<Told>, pid: number | null = null): string =>
    written({ readable: true, level: "debug" }, [{ ...ready, ...change }, pid])[0] ?? "";

  test("a line is the time, the unit, the text and the pid", () => {
    expect(readable({}, 42)).toMatch(/^\d\d:\d\d:\d\d {3}api {8}ready after 17 ms \(pid 42\)\n$/);
    expect(readable({})).toMatch(/ready after 17 ms\n$/);
  });

  test("the time is that of the wall, here", () => {
    const clock = (): string => new Date().toTimeString().slice(0, 8);
    const before = clock();
    const line = readable({});
    expect([before, clock()]).toContain(line.slice(0, 8));
  });

  test("the supervisor speaks under its own name", () => {
    expect(readable({ unit: null })).toMatch(/ supervisor ready after 17 ms\n$/);
  });

  test.each([
    ["error", "✗ "],
    ["warn", "! "],
    ["debug", "  "],
  ] as const)("%s is marked with '%s'", (level, mark) => {
    expect(readable({ level }).slice(9, 11)).toBe(mark);
  });
});
