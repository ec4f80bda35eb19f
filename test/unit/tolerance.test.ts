import { expect, test } from "bun:test";
import { ignoresFailure, withoutTolerance } from "../../supervisor/unit/tolerance.ts";

test("a dash before the program says that its failure has no consequence", () => {
  expect(ignoresFailure(["-/bin/false"])).toBe(true);
  expect(ignoresFailure(["/bin/false", "-x"])).toBe(false);
});

test("the dash is no part of the program, and one in an argument is left alone", () => {
  expect(withoutTolerance(["-rm", "-f", "x"])).toEqual(["rm", "-f", "x"]);
  expect(withoutTolerance(["rm", "-f", "x"])).toEqual(["rm", "-f", "x"]);
});
