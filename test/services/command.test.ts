import { expect, test } from "bun:test";
import { readCommand } from "../../services/modules/command.ts";

test("a mode, a folder and overrides are read", () => {
  expect(readCommand(["run", "api"])).toEqual({ mode: "api", watch: false, configDir: null, overrides: [] });
  expect(
    readCommand(["run", "all-in-one", "--set", "a.b=1", "--watch", "--config", "/etc/x", "--set", "a.c=2"]),
  ).toEqual({
    mode: "all-in-one",
    watch: true,
    configDir: "/etc/x",
    overrides: ["a.b=1", "a.c=2"],
  });
});

test.each([
  [[], "what to do is missing"],
  [["walk"], "walk is not known"],
  [["run"], "what to run is missing"],
  [["run", "apis"], "apis cannot be run"],
  [["run", "api", "--config"], "--config needs a value"],
  [["run", "api", "-x", "1"], "-x is not known"],
])("%j is refused: %s", (args, words) => {
  expect(readCommand(args)).toBe(words);
});
