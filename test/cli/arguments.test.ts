import { describe, expect, test } from "bun:test";
import { resolve } from "node:path";
import { parseArguments, type Settings } from "../../supervisor/cli/arguments.ts";
import { verbs } from "../../supervisor/cli/verbs.ts";

function settingsOf(line: string, env = {}): Settings {
  const parsed = parseArguments(line.split(" "), env);
  if (parsed.tag === "misused") throw new Error(parsed.message);
  return parsed.settings;
}

function faultOf(line: string): string {
  const parsed = parseArguments(line === "" ? [] : line.split(" "), {});
  return parsed.tag === "misused" ? parsed.message : `no fault: ${JSON.stringify(parsed.settings)}`;
}

describe("flags and operands", () => {
  test.each<[string, Partial<Settings>]>([
    ["status", { verb: "status", args: [], flags: {}, json: false, quiet: false, verbose: false, timeoutMs: null }],
    ["status api worker", { args: ["api", "worker"] }],
    ["--json status", { verb: "status", json: true }],
    ["status api --json", { args: ["api"], json: true }],
    ["-qv status", { quiet: true, verbose: true }],
    ["--root /srv/x status", { root: "/srv/x", stateDir: "/srv/x/.supervisor" }],
    ["status --root=/srv/x --state=/run/x", { root: "/srv/x", stateDir: "/run/x" }],
    ["stop --timeout 90s api", { timeoutMs: 90_000, args: ["api"] }],
    ["stop --timeout=2min", { timeoutMs: 120_000 }],
    ["logs -fn5 api", { flags: { follow: true, lines: "5" }, args: ["api"] }],
    ["logs -n 5 -f", { flags: { follow: true, lines: "5" } }],
    ["logs --lines=0", { flags: { lines: "0" } }],
    ["stop --cascade -- -odd --name", { flags: { cascade: true }, args: ["-odd", "--name"] }],
    ["start -d", { flags: { detach: true } }],
    ["signal HUP api", { args: ["HUP", "api"] }],
    ["status --no-color", { colour: false }],
    ["--version", { verb: "version" }],
    ["--help", { verb: "help", args: [] }],
    ["stop -h", { verb: "help", args: ["stop"] }],
    ["signal --help", { verb: "help", args: ["signal"] }],
  ])("%s", (line, expected) => {
    expect(settingsOf(line)).toMatchObject(expected);
  });

  test("the root is the working directory unless told", () => {
    expect(settingsOf("status").root).toBe(resolve("."));
  });

  test.each([
    [{ SUPERVISOR_STATE: "/a", STATE_DIRECTORY: "/b" }, "/a"],
    [{ STATE_DIRECTORY: "/b:/c" }, "/b"],
    [{ SUPERVISOR_STATE: "" }, "/r/.supervisor"],
    [{}, "/r/.supervisor"],
  ])("the state directory of %p is %s", (env, expected) => {
    expect(settingsOf("--root /r status", env).stateDir).toBe(expected);
    expect(settingsOf("--root /r --state /told status", env).stateDir).toBe("/told");
  });

  test.each([
    [{ NO_COLOR: "1" }, false],
    [{ NO_COLOR: "" }, true],
    [{}, true],
  ])("colour with %p is %p", (env, expected) => {
    expect(settingsOf("status", env).colour).toBe(expected);
  });
});

describe("misuse", () => {
  test.each([
    ["", "no verb is given; `supervisor help` lists them"],
    ["statsu", "unknown verb 'statsu'; did you mean 'status'?"],
    ["zzzzzzzz", "unknown verb 'zzzzzzzz'; `supervisor help` tells what there is"],
    ["stop --cascad", "unknown flag '--cascad'; did you mean '--cascade'?"],
    ["--jsno status", "unknown flag '--jsno'; did you mean '--json'?"],
    ["status -x", "unknown flag '-x'; `supervisor help` tells what there is"],
    ["status --follow", "unknown flag '--follow'; `supervisor help` tells what there is"],
    ["status --json=yes", "--json: takes no value"],
    ["status --root", "--root: needs a value (DIR)"],
    ["logs -n", "--lines: needs a value (N)"],
    ["stop --timeout soon", "--timeout: must be a span such as 30s, got 'soon'"],
    ["restart", "usage: supervisor restart UNIT…"],
    ["signal HUP", "usage: supervisor signal SIGNAL UNIT…"],
    ["version now", "usage: supervisor version"],
  ])("'%s' is told: %s", (line, message) => {
    expect(faultOf(line)).toBe(message);
  });
});

test("every verb of the table can be loaded, and no flag is named twice", async () => {
  for (const verb of verbs) {
    expect(typeof (await verb.load()).run).toBe("function");
    const names = verb.flags.flatMap(({ name, short }) => (short === undefined ? [name] : [name, short]));
    expect(new Set(names).size).toBe(names.length);
  }
});

test("an empty name, as an unset variable leaves it, is wrong usage", () => {
  expect(parseArguments(["stop", ""], {})).toEqual({ tag: "misused", message: "usage: supervisor stop [UNIT…]" });
});
