import { expect, test } from "bun:test";
import { namedLine, shortLine } from "../../../supervisor/cli/render/log-line.ts";
import type { LogLine } from "../../../supervisor/unit/log-line.ts";

const line: LogLine = {
  time: new Date(2026, 10, 3, 9, 5, 7, 8).toISOString(),
  unit: "api",
  instance: 1,
  stream: "stdout",
  pid: 42,
  invocation_id: "0123456789abcdef0123456789abcdef",
  generation: 3,
  text: "hello: world",
};

test("a short line has the time of the machine, the instance and its pid", () => {
  expect(shortLine(line, false)).toBe("Nov 03 09:05:07.008 api@1[42]: hello: world");
  expect(shortLine({ ...line, pid: null }, false)).toBe("Nov 03 09:05:07.008 api@1: hello: world");
});

test("what is not known is left out", () => {
  const unknown = { time: null, instance: null, stream: null, pid: null, invocation_id: null, generation: null };
  expect(shortLine({ ...line, ...unknown }, false)).toBe("- api: hello: world");
});

test("what went to stderr has a red name", () => {
  expect(shortLine({ ...line, stream: "stderr" }, true)).toContain("\x1b[31mapi@1[42]\x1b[0m: hello");
  expect(namedLine({ ...line, stream: "stderr" }, true)).toBe("\x1b[31mapi\x1b[0m: hello: world");
});

test("a named line has the time that the file has", () => {
  expect(namedLine({ ...line, stamp: "12:00 " }, false)).toBe("api: 12:00 hello: world");
});
