import { expect, test } from "bun:test";
import { renderTop, type Sorting, sortUnits } from "../../../supervisor/cli/render/top.ts";
import { FakeDesk, makeInstance, makeUnit } from "../../control/fixtures/fake-desk.ts";

const now = new Date("2026-01-06T10:05:00.000Z");
const unit = (name: string, memory: number | null, more: Parameters<typeof makeUnit>[1] = {}) =>
  makeUnit(name, { instances: [makeInstance(`${name}@1`, { invocation_id: name, memory_bytes: memory })], ...more });

function view(sorting: Sorting, selected: string | null, names = ["a", "b", "c"]) {
  const desk = new FakeDesk();
  desk.units = names.map((name, at) => unit(name, at === 0 ? null : 1024 * (3 - at)));
  return { status: desk.status(), cpuPercent: new Map([["c", 12.34]]), sorting, selected };
}

const look = (rows: number, width = Infinity) => ({ rows, width, colour: false, now });
const lines = (text: string): readonly string[] => text.trimEnd().split("\n");
const names = (sorting: Sorting) => sortUnits(view(sorting, null)).map(({ name }) => name);

test("who takes most comes first, and of those who take the same or nothing, by name", () => {
  expect(names("name")).toEqual(["a", "b", "c"]);
  expect(names("cpu")).toEqual(["c", "a", "b"]);
  expect(names("memory")).toEqual(["b", "c", "a"]);
});

test("a line for each unit, with what is not known as a dash", () => {
  const [head, titles, first, second, , foot] = lines(renderTop(view("cpu", "a"), look(24)));
  expect(head).toBe(`supervisor 0.1.0 on bun "x", pid ${process.pid}, up 5min: 3 units, 3 active`);
  expect(titles).toMatch(/^ {2}UNIT +STATE +PID +N +GEN +RST +CPU% +MEMORY +UPTIME$/);
  expect(first).toMatch(/^ {2}c +active +42 +1 +3 +0 +12\.3 +1\.0K +5min$/);
  expect(second).toMatch(/^> a +active +42 +1 +3 +0 +- +- +5min$/);
  expect(foot).toBe("q quit  j k select  s sort (cpu)");
});

test("the selected unit says why it is as it is, and stays in sight", () => {
  const many = Array.from({ length: 50 }, (_, at) => `u${String(at).padStart(2, "0")}`);
  for (const selected of ["u00", "u07", "u25", "u49"]) {
    const drawn = lines(renderTop(view("name", selected, many), look(10)));
    expect(drawn.length).toBe(10);
    expect(drawn.filter((line) => line.startsWith(`> ${selected} `)).length).toBe(1);
  }
  const status = { ...view("name", "x").status, units: [unit("x", 1, { reason: "waits for\x1b[31m redis" })] };
  expect(lines(renderTop({ ...view("name", "x"), status }, look(10))).at(-1)).toStartWith(
    "x: waits for�[31m redis  q quit",
  );
});

test.each([1, 2, 3, 4])("a terminal of %d rows is not overrun, nor is a narrow one", (rows) => {
  const drawn = lines(renderTop(view("name", "a"), look(rows, 20)));
  expect(drawn.length).toBeLessThanOrEqual(rows);
  for (const line of drawn) expect(line.length).toBeLessThanOrEqual(20);
});
