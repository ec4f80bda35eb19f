import { describe, expect, test } from "bun:test";
import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { makeInstance, makeUnit } from "../control/fixtures/fake-desk.ts";
import { runtimeNames } from "../control/fixtures/runtime.ts";
import { eventually } from "../support/eventually.ts";
import { within } from "../support/within.ts";
import { type ServedRoot, withServedRoot } from "./fixtures/served-root.ts";

const python = spawnSync("python3", ["--version"]).status === 0;
if (!python) console.error("not run, since there is no python3 to make a terminal: top on a terminal");
const LIMIT_MS = 40_000;
const ENTER = "\x1b[?1049h\x1b[?25l";
const LEAVE = "\x1b[?25h\x1b[?1049l";

type End = Readonly<{ code: number; restored: boolean }>;

/** A verb on a terminal of 24 rows and 100 columns. */
function onTerminal(argv: readonly string[]) {
  const helper = join(import.meta.dirname, "fixtures/terminal.py");
  const env = { ...process.env, NO_COLOR: "1" };
  const child = spawn("python3", [helper, "24", "100", ...argv], { stdio: ["pipe", "pipe", "pipe"], env });
  const said = { text: "", notes: "" };
  child.stdout.setEncoding("utf8").on("data", (text) => {
    said.text += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    said.notes += text;
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const notes = (): readonly unknown[] =>
    said.notes
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line));
  return {
    said,
    /** The last whole screen. */
    shown: () => said.text.split("\x1b[H").at(-1)?.replaceAll("\x1b[K", "").replaceAll("\r", "") ?? "",
    shows: (text: string, what = text) =>
      eventually(
        () => said.text.includes(text),
        10_000,
        what,
        () => said,
      ),
    type: (text: string) => child.stdin.write(text),
    shrink: () => child.kill("SIGUSR1"),
    signal: (name: NodeJS.Signals) => process.kill((notes()[0] as { pid: number }).pid, name),
    async end(): Promise<End> {
      await within(ended, 10_000, "it ends");
      return notes()[1] as End;
    },
  };
}

const withTop = (
  runtime: (typeof runtimeNames)[number],
  use: (terminal: ReturnType<typeof onTerminal>, root: ServedRoot) => Promise<void>,
  ...args: readonly string[]
) =>
  withServedRoot({}, async (root) => {
    const terminal = onTerminal(root.command(runtime, "top", ...args));
    try {
      await terminal.shows("q quit", "a first screen");
      await use(terminal, root);
    } finally {
      terminal.type("q");
      await terminal.end();
    }
  });

describe.each(runtimeNames)("on %s", (runtime) => {
  test.skipIf(!python)(
    "it takes the other screen, shows the units as they are each second, and gives all back at q",
    () =>
      withTop(runtime, async (terminal, { desk }) => {
        expect(terminal.shown()).toContain("supervisor 0.1.0 on bun");
        expect(terminal.shown()).toMatch(/^> api +active +42 /m);
        const busy = makeInstance("worker@1", { cpu_seconds: 1.5, invocation_id: "w" });
        desk.units = [makeUnit("api"), makeUnit("worker", { instances: [{ ...busy, cpu_seconds: 1 }] })];
        await eventually(() => !terminal.shown().includes("redis"), 5_000, "a later screen");
        desk.units = [makeUnit("api"), makeUnit("worker", { instances: [busy] })];
        // Half a second of a processor in about a second; who takes most comes first.
        await eventually(
          () => /worker +active.* [3-6]\d\.\d /.test(terminal.shown()),
          5_000,
          "a busy worker",
          terminal.shown,
        );
        expect(terminal.shown().indexOf("worker")).toBeLessThan(terminal.shown().indexOf("api "));
        terminal.type("q");
        expect(await terminal.end()).toEqual({ code: 0, restored: true });
        expect(terminal.said.text).toStartWith(ENTER);
        expect(terminal.said.text).toEndWith(LEAVE);
      }),
    LIMIT_MS,
  );

  test.skipIf(!python)(
    "keys select and sort, and another size is drawn at once",
    () =>
      withTop(
        runtime,
        async (terminal) => {
          terminal.type("j");
          await eventually(() => /^> redis/m.test(terminal.shown()), 5_000, "the second is selected", terminal.shown);
          terminal.type("\x1b[B");
          await eventually(() => /^> worker/m.test(terminal.shown()), 5_000, "the third is selected", terminal.shown);
          terminal.type("kg");
          await eventually(() => /^> api/m.test(terminal.shown()), 5_000, "the first is selected", terminal.shown);
          terminal.type("s");
          await eventually(() => terminal.shown().includes("s sort (cpu)"), 5_000, "another order", terminal.shown);
          terminal.shrink();
          const widest = () =>
            Math.max(
              ...terminal
                .shown()
                .replace("\x1b[J", "")
                .split("\n")
                .map((line) => line.length),
            );
          await eventually(() => widest() <= 40, 5_000, "a narrow screen", terminal.shown);
          terminal.type("\x03");
          expect(await terminal.end()).toEqual({ code: 0, restored: true });
        },
        "--sort",
        "name",
      ),
    LIMIT_MS,
  );

  test.skipIf(!python).each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "%s gives the terminal back",
    (signal) =>
      withTop(runtime, async (terminal) => {
        terminal.signal(signal);
        expect(await terminal.end()).toEqual({ code: 0, restored: true });
        expect(terminal.said.text).toEndWith(LEAVE);
      }),
    LIMIT_MS,
  );

  test.skipIf(!python)(
    "the end of the supervisor gives the terminal back, and is told",
    () =>
      withTop(runtime, async (terminal, { stopServing }) => {
        await stopServing();
        expect(await terminal.end()).toEqual({ code: 7, restored: true });
        expect(terminal.said.text).toContain(`${LEAVE}supervisor: not running`);
      }),
    LIMIT_MS,
  );

  test(
    "without a terminal it says so",
    () =>
      withServedRoot({}, async ({ cli }) => {
        expect(await cli(runtime, "top")).toEqual({
          code: 2,
          stdout: "",
          stderr: "supervisor top: needs a terminal; `supervisor status` prints the same once\n",
        });
      }),
    LIMIT_MS,
  );
});

test(
  "an order that is none, and who is not known, are told",
  () =>
    withServedRoot({}, async ({ cli, command }) => {
      expect(await cli("bun", "top", "--sort", "size")).toMatchObject({ code: 2 });
      if (!python) return;
      const terminal = onTerminal(command("bun", "top", "nothing"));
      expect((await terminal.end()).code).toBe(4);
      expect(terminal.said.text).toBe("supervisor top: no unit 'nothing'\r\n");
    }),
  LIMIT_MS,
);
