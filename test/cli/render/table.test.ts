import { describe, expect, test } from "bun:test";
import { renderTable } from "../../../supervisor/cli/render/table.ts";
import { makeInstance, makeUnit } from "../../control/fixtures/fake-desk.ts";

const now = new Date("2026-01-06T10:06:40.000Z");
const plain = { width: Number.POSITIVE_INFINITY, colour: false, now };
const units = [
  makeUnit("api", { restarts: 12, listeners: [{ name: "http", address: "127.0.0.1:8080" }] }),
  makeUnit("worker-north", {
    active_state: "failed",
    sub_state: "failed",
    health: "unknown",
    main_pid: null,
    generation: 1,
    instances: [],
    listeners: [],
  }),
];

test("a table has a line for each unit, numbers to the right", () => {
  expect(renderTable(units, plain)).toBe(`\
UNIT          ACTIVE  SUB      PID  GEN  RESTARTS  UPTIME  MEMORY  HEALTH   LISTEN
api           active  running   42    3        12  6min     12.3M  healthy  127.0.0.1:8080
worker-north  failed  failed     -    1         0  -            -  -        -
`);
});

test("several processes of a unit stand below it", () => {
  const instances = [
    makeInstance("api@1", { phase: "draining", pid: 41, generation: 2 }),
    makeInstance("api@1", { phase: "starting", ready_at: null, memory_bytes: null }),
  ];
  expect(renderTable([makeUnit("api", { instances, listeners: [] })], plain)).toBe(`\
UNIT     ACTIVE  SUB       PID  GEN  RESTARTS  UPTIME  MEMORY  HEALTH   LISTEN
api      active  running    42    3         0  6min     12.3M  healthy  -
├ api@1          draining   41    2            6min     12.3M
└ api@1          starting   42    3            -            -
`);
});

describe("a narrow terminal", () => {
  test("loses the least telling columns first", () => {
    expect(renderTable(units, { ...plain, width: 60 }).split("\n")[0]).toBe(
      "UNIT          ACTIVE  SUB      PID  RESTARTS  UPTIME  MEMORY",
    );
    expect(renderTable(units, { ...plain, width: 30 })).toBe(
      "UNIT          ACTIVE  PID\napi           active   42\nworker-north  failed    -\n",
    );
  });

  test("shortens names when no column is left to lose", () => {
    expect(renderTable(units, { ...plain, width: 14 })).toBe("UNIT    ACTIVE\napi     active\nworke…  failed\n");
  });

  test("never wraps, at any width, with colour or without", () => {
    for (const colour of [false, true]) {
      for (let width = 9; width < 100; width++) {
        const lines = renderTable(units, { ...plain, width, colour })
          .trimEnd()
          .split("\n");
        expect(lines).toHaveLength(3);
        for (const line of lines) expect(Bun.stripANSI(line).length).toBeLessThanOrEqual(width);
      }
    }
  });
});

test("colour says the state, and changes no letter", () => {
  const coloured = renderTable(units, { ...plain, colour: true });
  expect(coloured).toContain("\x1b[32mactive\x1b[0m");
  expect(coloured).toContain("\x1b[31mfailed\x1b[0m");
  expect(Bun.stripANSI(coloured)).toBe(renderTable(units, plain));
});

test("a unit that is not as it seems is marked", () => {
  const doubtful = makeUnit("api", { warnings: ["api@1: node app.js (pid 43), which said READY, is gone"] });
  const [, line = ""] = renderTable([doubtful], plain).split("\n");
  expect(line).toStartWith("api (!)  active");
  expect(renderTable([doubtful], { ...plain, colour: true })).toContain("\x1b[33mapi (!)\x1b[0m");
});

test("no units are said to be none", () => {
  expect(renderTable([], plain)).toBe("no units\n");
});
