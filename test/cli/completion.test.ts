import { beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bashCompletion } from "../../supervisor/cli/render/completion/bash.ts";
import { fishCompletion } from "../../supervisor/cli/render/completion/fish.ts";
import { zshCompletion } from "../../supervisor/cli/render/completion/zsh.ts";
import { globalFlags } from "../../supervisor/cli/verb.ts";
import { verbs } from "../../supervisor/cli/verbs.ts";
import { makeUnit } from "../control/fixtures/fake-desk.ts";
import { runToEnd, runtimeNames } from "../control/fixtures/runtime.ts";
import { type ServedRoot, withServedRoot } from "./fixtures/served-root.ts";

const shown = verbs.filter(({ isHidden }) => isHidden !== true);
const has = (shell: string) => spawnSync(shell, ["-c", "true"]).status === 0;
const LIMIT_MS = 20_000;

/** Asks a real bash what it would offer at the end of the line. */
async function offered(root: ServedRoot, line: string): Promise<readonly string[]> {
  const folder = join(root.path, "bin");
  mkdirSync(folder, { recursive: true });
  const wrapper = join(folder, "supervisor");
  writeFileSync(wrapper, `#!/bin/sh\nexec ${root.command("bun").join(" ")} "$@"\n`);
  chmodSync(wrapper, 0o700);
  const script = join(root.path, "completion.bash");
  writeFileSync(script, bashCompletion(shown, globalFlags));
  const ask = `source "$1"
complete -p supervisor >/dev/null || exit 9
COMP_LINE=$2 COMP_POINT=\${#2} COMP_WORDS=($2) COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
_supervisor
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
  const ended = await runToEnd(["bash", "--norc", "-c", ask, "bash", script, line], { env, cwd: root.path });
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  return ended.stdout.split("\n").filter((word) => word !== "");
}

describe("bash", () => {
  test.each<[string, readonly string[]]>([
    ["supervisor sta", ["start", "status"]],
    ["supervisor status a", ["all", "api"]],
    ["supervisor status api w", ["web:1", "work@er"]],
    ["supervisor status --watch web:", ["1"]],
    ["supervisor -q stop work@", ["er"]],
    ["supervisor stop --ca", ["--cascade"]],
    ["supervisor signal US", ["USR1", "USR2"]],
    ["supervisor signal HUP ap", ["api"]],
    ["supervisor wait api --for ", ["ready", "active", "stopped"]],
    ["supervisor graph --format m", ["mermaid"]],
    ["supervisor completion z", ["zsh"]],
    ["supervisor help generat", ["generate"]],
    ["supervisor check uni", ["units"]],
    ["supervisor --state ", [".supervisor", "bin", "units"]],
    ["supervisor logs -n 5 ap", ["api"]],
    ["supervisor logs -n ", []],
    ["supervisor __", []],
  ])(
    "at the end of '%s' offers %j",
    (line, words) =>
      withServedRoot({ "x.toml": "" }, async (root) => {
        root.desk.units = [makeUnit("api"), makeUnit("web:1"), makeUnit("work@er")];
        expect([...(await offered(root, line))].sort()).toEqual([...words].sort());
      }),
    LIMIT_MS,
  );

  test(
    "asks the daemon of the --state on the line, and without one reads the names on disk",
    () =>
      withServedRoot({ "disk.toml": "" }, async (root) => {
        root.desk.units = [makeUnit("live")];
        expect(await offered(root, "supervisor status l")).toEqual(["live"]);
        expect(await offered(root, `supervisor --state ${root.path}/none status d`)).toEqual(["disk"]);
        expect(await offered(root, `supervisor --state=${root.path}/none status d`)).toEqual(["disk"]);
      }),
    LIMIT_MS,
  );

  test("finds nothing wrong in the script", () => {
    const checked = spawnSync("bash", ["-n"], { input: bashCompletion(shown, globalFlags), encoding: "utf8" });
    expect({ status: checked.status, stderr: checked.stderr }).toEqual({ status: 0, stderr: "" });
  });
});

describe.each([
  ["zsh", zshCompletion],
  ["fish", fishCompletion],
] as const)("%s", (shell, render) => {
  const script = render(shown, globalFlags);
  beforeAll(() => {
    if (!has(shell)) console.log(`${shell} is not installed: its script is looked at, not run`);
  });

  test.skipIf(!has(shell))("finds nothing wrong in the script", () => {
    const { status, stderr } = spawnSync(shell, ["-n"], { input: script, encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });

  test("every verb and flag is in the script, the hidden verb only where names are asked for", () => {
    for (const { name, flags } of shown) {
      expect(script).toContain(name);
      for (const flag of flags) expect(script).toContain(flag.name);
    }
    expect(script.match(/__units/g)).toHaveLength(1);
  });

  test("every quote and bracket is closed", () => {
    const quotes = shell === "fish" ? /'(?:\\.|[^'\\])*'|"[^"]*"|#.*/g : /\\.|'[^']*'|"(?:\\.|[^"\\])*"|^ *#.*/gm;
    const bare = script.replace(quotes, "").replace(/^ *(?:\w+|[\w-]+)\) /gm, "");
    expect(bare).not.toMatch(/['"]/);
    expect(bare.split("{").length).toBe(bare.split("}").length);
  });
});

test.each(runtimeNames)(
  "on %s completion prints the script, and names come a line each",
  (runtime) =>
    withServedRoot({}, async ({ cli }) => {
      expect(await cli(runtime, "completion", "bash")).toEqual({
        code: 0,
        stdout: bashCompletion(shown, globalFlags),
        stderr: "",
      });
      expect(await cli(runtime, "__units")).toEqual({ code: 0, stdout: "api\nworker\nredis\n", stderr: "" });
    }),
  LIMIT_MS,
);

test("the help does not speak of the hidden verb", () =>
  withServedRoot({}, async ({ cli }) => {
    expect((await cli("bun", "help")).stdout).not.toContain("__units");
  }));
