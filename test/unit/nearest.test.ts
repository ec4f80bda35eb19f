import { expect, test } from "bun:test";
import { didYouMean, nearest } from "../../supervisor/unit/nearest.ts";

const keys = ["restart", "restart_sec", "restart_steps", "exec_start", "environment", "nice"];

const slips: readonly (readonly [string, string])[] = [
  ["restrat_sec", "restart_sec"],
  ["restartsec", "restart_sec"],
  ["RestartSec", "restart_sec"],
  ["restart-sec", "restart_sec"],
  ["ExecStart", "exec_start"],
  ["enviroment", "environment"],
  ["ncie", "nice"],
];

for (const [word, meant] of slips) {
  test(`${word} was meant to be ${meant}`, () => expect(nearest(word, keys)).toBe(meant));
}

test("a word that is far from all is met with silence", () => {
  expect(nearest("colour", keys)).toBeNull();
  expect(nearest("", keys)).toBeNull();
  expect(didYouMean("colour", keys)).toBe("");
  expect(nearest("x".repeat(10_000), keys)).toBeNull();
});

test("the suggestion ends a sentence", () => {
  expect(`unknown key${didYouMean("restrat", keys)}`).toBe("unknown key (did you mean `restart`?)");
});
