import { expect, describe as group, test } from "bun:test";
import { type Cause, describe, exitText, faultCode, isFailure, result, root } from "../../supervisor/core/cause.ts";
import type { Exit, SpawnStage } from "../../supervisor/core/facts.ts";
import type { SignalName } from "../../supervisor/unit/unit.ts";

const code = (value: number): Exit => ({ by: "code", code: value });
const signal = (name: SignalName, core = false): Exit => ({ by: "signal", signal: name, core });
const exited = (exit: Exit, clean = false, ready = true): Cause => ({ tag: "exited", exit, clean, ready });
const spawnFailed = (stage: SpawnStage): Cause => ({ tag: "spawn-failed", stage, code: "E", message: "no bun" });
const limit = (last: Cause): Cause => ({ tag: "start-limit", burst: 5, intervalMs: 10_000, last });

type Row = readonly [text: string, result: string, isFailure: boolean, cause: Cause];
const rows: readonly Row[] = [
  ["exited with code 0", "success", false, exited(code(0), true)],
  ["exited with code 3", "exit-code", true, exited(code(3))],
  ["exited with code 3 before it was ready", "exit-code", true, exited(code(3), false, false)],
  ["exited with code 0 before it was ready", "protocol", true, exited(code(0), false, false)],
  ["was killed by SIGTERM", "success", false, exited(signal("SIGTERM"), true)],
  ["was killed by SIGKILL", "signal", true, exited(signal("SIGKILL"))],
  ["was killed by SIGSEGV (core dumped)", "core-dump", true, exited(signal("SIGSEGV", true))],
  ["failed at stage exec: no bun", "exit-code", true, spawnFailed("exec")],
  ["failed at stage command: no bun", "exit-code", true, spawnFailed("command")],
  ["failed at stage listen: no bun", "resources", true, spawnFailed("listen")],
  ["failed at stage output: no bun", "resources", true, spawnFailed("output")],
  ["was not ready within 500 ms", "timeout", true, { tag: "start-timeout", limitMs: 500 }],
  ["was not ready within 30 s", "timeout", true, { tag: "start-timeout", limitMs: 30_000 }],
  ["was not ready within 1500 ms", "timeout", true, { tag: "start-timeout", limitMs: 1_500 }],
  ["was not ready within 12 s", "timeout", true, { tag: "start-timeout", limitMs: 12_345 }],
  ["did not stop within 2 s and was killed", "timeout", true, { tag: "stop-timeout", limitMs: 2_000 }],
  ["has run for as long as it may (2 s)", "timeout", true, { tag: "runtime-max", limitMs: 2_000 }],
  ["gave no sign of life for 500 ms", "watchdog", true, { tag: "watchdog", limitMs: 500 }],
  ["asked to be restarted (WATCHDOG=trigger)", "watchdog", true, { tag: "watchdog", limitMs: null }],
  ["gave up after 5 starts within 10 s: it exited with code 3", "start-limit-hit", true, limit(exited(code(3)))],
  ["the old generation exited with code 9 during the handover", "success", false, { tag: "old-exited", exit: code(9) }],
  ["was stopped", "success", false, { tag: "stopped" }],
];

group("a cause in words, as systemd's result, and whether it is a failure:", () => {
  test.each(rows)("%s: %s, %p", (text, word, failure, cause) => {
    expect([describe(cause), result(cause), isFailure(cause)]).toEqual([text, word as "success", failure]);
  });

  test("no cause is a success", () => {
    expect(result(null)).toBe("success");
  });
});

test("an exit alone has its words too", () => {
  expect([exitText(code(1)), exitText(signal("SIGHUP"))]).toEqual(["exited with code 1", "was killed by SIGHUP"]);
});

test("the root of a start limit is the last end", () => {
  expect(root(limit(limit(spawnFailed("exec"))))).toEqual(spawnFailed("exec"));
  expect(root({ tag: "stopped" })).toEqual({ tag: "stopped" });
});

test("the fault names the kind of failure, through the start limit too", () => {
  expect(faultCode(limit(spawnFailed("exec")))).toBe("spawn-failed");
  expect(faultCode(spawnFailed("listen"))).toBe("spawn-failed");
  expect(faultCode(exited(code(1)))).toBe("start-failed");
});
