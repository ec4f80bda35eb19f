import { expect, test } from "bun:test";
import { exitOfFault, exitOfMiss, exitOfVerdicts } from "../../supervisor/cli/exit.ts";
import type { Verdict } from "../../supervisor/control/client.ts";
import { makeVerdict } from "../control/fixtures/fake-desk.ts";

test.each<[Verdict["result"][], number]>([
  [[], 0],
  [["done", "done"], 0],
  [["done", "failed"], 1],
  [["refused"], 1],
  [["done", "kept-old"], 8],
  [["timed-out", "done"], 124],
  [["timed-out", "kept-old"], 8],
  [["timed-out", "kept-old", "failed"], 1],
])("verdicts %p are the exit code %d", (results, code) => {
  expect(exitOfVerdicts(results.map((result) => makeVerdict("api", result, "")))).toBe(code);
});

test("an unknown unit is 5 to an order and 4 to a query, as systemctl has it", () => {
  expect(exitOfFault("unit-unknown", "order")).toBe(5);
  expect(exitOfFault("unit-unknown", "query")).toBe(4);
  expect(exitOfFault("unit-invalid", "query")).toBe(6);
});

test("what came of no answer has codes of its own", () => {
  expect(exitOfMiss({ tag: "not-running" }, "query")).toBe(7);
  expect(exitOfMiss({ tag: "denied", message: "" }, "order")).toBe(4);
  expect(exitOfMiss({ tag: "timed-out", message: "" }, "order")).toBe(124);
  expect(exitOfMiss({ tag: "broken", message: "" }, "order")).toBe(1);
});
