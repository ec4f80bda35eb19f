import { expect, test } from "bun:test";
import { renderUnit } from "../../../supervisor/cli/render/systemctl.ts";
import { makeInstance, makeUnit } from "../../control/fixtures/fake-desk.ts";

const now = new Date("2026-01-06T10:06:40.000Z");
const look = { width: Number.POSITIVE_INFINITY, colour: false, now, output: [], enabled: null };

test("a unit that runs is laid out as systemctl does", () => {
  const unit = makeUnit("api", {
    description: "HTTP API",
    status_text: "serving",
    restarts: 1,
    handover: { last_result: "done", ready_ms: 17, drain_ms: 4, reason: null },
    last_exit: { code: 0, signal: null, at: "2026-01-06T10:00:00.000Z" },
  });
  expect(renderUnit(unit, { ...look, enabled: true, output: ["one", "two"] })).toBe(`\
● api - HTTP API
     Loaded: loaded (units/api.toml; enabled)
     Active: active (running) since Tue 2026-01-06 10:00:00 UTC; 6min ago
 Invocation: 0123456789abcdef0123456789abcdef
     Health: healthy
   Main PID: 42, generation 3
     Status: "serving"
   Restarts: 1
     Memory: 12.3M
        CPU: 500ms
   Handover: done, ready in 17ms, drained in 4ms
     Listen: http 127.0.0.1:8080
  Last exit: code 0, 6min ago

one
two
`);
});

test("a unit that failed says how, and leaves out what there is not", () => {
  const unit = makeUnit("api", {
    active_state: "failed",
    sub_state: "failed",
    result: "signal",
    reason: "5 starts within 10s",
    warnings: [],
    health: "unknown",
    main_pid: null,
    instances: [],
    listeners: [],
    handover: { last_result: "kept-old", ready_ms: null, drain_ms: null, reason: "exited before it was ready" },
    last_exit: { code: null, signal: "SIGKILL", at: "2026-01-06T10:06:39.000Z" },
  });
  expect(renderUnit(unit, look)).toBe(`\
× api - the api
     Loaded: loaded (units/api.toml)
     Active: failed (Result: signal) since Tue 2026-01-06 10:00:00 UTC; 6min ago
     Reason: 5 starts within 10s
   Handover: old generation kept, exited before it was ready
  Last exit: signal SIGKILL, 1s ago
`);
});

test("several processes are all named", () => {
  const instances = [makeInstance("api@1", { phase: "draining", pid: 41, generation: 2 }), makeInstance("api@1")];
  const text = renderUnit(makeUnit("api", { instances }), look);
  expect(text).toContain(
    "  Processes: ├─ api@1 draining, pid 41, generation 2\n             └─ api@1 running, pid 42, generation 3\n",
  );
  expect(text).toContain("     Memory: 24.6M\n");
});

test("where the processes are known, they are drawn as a tree, and tasks, memory and time are those of all", () => {
  const one = { tasks: 2, memory_bytes: 1024 ** 2, cpu_seconds: 0.25 };
  const processes = [
    { pid: 42, ppid: 1, command: "bun main.ts", ...one },
    { pid: 43, ppid: 42, command: "sleep\x1b[2J 1", ...one },
  ];
  const text = renderUnit(makeUnit("api", { instances: [makeInstance("api@1", { processes })] }), look);
  expect(text).toContain("      Tasks: 4\n     Memory: 2.0M\n        CPU: 500ms\n");
  expect(text).toContain("   Main PID: 42 (bun), generation 3\n");
  expect(text).toContain("  Processes: └─ 42 bun main.ts\n                └─ 43 sleep�[2J 1\n");
});

test("a warning is told whole, in as many lines as it takes, and how many wait for a listener", () => {
  const warnings = ["http 127.0.0.1:8080: no process of api has it open, so that none can accept; 3 connections wait"];
  const listeners = [{ name: "http", address: "127.0.0.1:8080", waiting: 3, served_by: [] }];
  const text = renderUnit(makeUnit("api", { warnings, listeners }), { ...look, width: 60 });
  expect(text).toContain(`\
    Warning: http 127.0.0.1:8080: no process of api has it
             open, so that none can accept; 3 connections
             wait
`);
  expect(text).toContain("     Listen: http 127.0.0.1:8080 (3 waiting)\n");
});

test("what a service says cannot move the terminal's cursor", () => {
  const text = renderUnit(makeUnit("api", { status_text: "\x1b[2J\u009b1mfine" }), { ...look, output: ["a\tb\x07"] });
  expect(text).toContain('Status: "�[2J�1mfine"');
  expect(text).toContain("\na b�\n");
});

test("a line never wraps, at any width, with colour or without", () => {
  const warnings = [`${"w".repeat(90)} ${"v ".repeat(40)}`];
  const unit = makeUnit("api", { description: "x".repeat(90), reason: "y".repeat(90), result: "exit-code", warnings });
  for (const colour of [false, true]) {
    for (let width = 20; width < 120; width++) {
      for (const line of renderUnit(unit, { ...look, width, colour, output: ["z".repeat(200)] }).split("\n")) {
        expect(Bun.stripANSI(line).length).toBeLessThanOrEqual(width);
      }
    }
  }
});

test("colour is on the dot and on the state", () => {
  const text = renderUnit(makeUnit("api"), { ...look, colour: true });
  expect(text).toStartWith("\x1b[32m●\x1b[0m api");
  expect(text).toContain("Active: \x1b[32mactive (running)\x1b[0m since");
  const failed = renderUnit(makeUnit("api", { active_state: "failed", sub_state: "failed", result: "signal" }), {
    ...look,
    colour: true,
  });
  expect(failed).toContain("Active: \x1b[31mfailed\x1b[0m (Result: signal) since");
});
