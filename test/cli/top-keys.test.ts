import { expect, test } from "bun:test";
import { readTopKeys } from "../../supervisor/cli/top-keys.ts";

test("keys are told apart, also many at once, and what means nothing is passed over", () => {
  expect(readTopKeys("jk\x1b[A\x1bOBx\x1b[1;5CgGs")).toEqual(["down", "up", "up", "down", "first", "last", "sort"]);
  for (const quit of ["q", "Q", "\x03", "\x04"]) expect(readTopKeys(`é\n${quit}`)).toEqual(["quit"]);
  expect(readTopKeys("\x1b")).toEqual([]);
  expect(readTopKeys("\x1b[5~\x1b[H")).toEqual([]);
});
