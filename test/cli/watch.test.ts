import { describe, expect, test } from "bun:test";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { makeUnit } from "../control/fixtures/fake-desk.ts";
import { runtimeNames } from "../control/fixtures/runtime.ts";
import { eventually } from "../support/eventually.ts";
import { within } from "../support/within.ts";
import { withServedRoot } from "./fixtures/served-root.ts";

const hasScript = spawnSync("script", ["--version"]).status === 0;
const LIMIT_MS = 20_000;

/** Starts a command and keeps what it prints. */
function start([program, ...args]: readonly [string, ...string[]]) {
  const child: ChildProcess = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], timeout: LIMIT_MS });
  const said = { text: "" };
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding("utf8").on("data", (text) => (said.text += text));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  return { said, ended: () => within(ended, 5_000, "it ends"), signal: (name: NodeJS.Signals) => child.kill(name) };
}

describe.each(runtimeNames)("on %s", (runtime) => {
  test(
    "--watch draws anew what has changed, through the end of the daemon, until Ctrl-C",
    () =>
      withServedRoot({}, async ({ command, desk, stopServing }) => {
        const watched = start(command(runtime, "status", "--watch"));
        await eventually(() => watched.said.text.includes("api"), 10_000, "a first frame");
        desk.units = [makeUnit("newcomer")];
        await eventually(() => watched.said.text.includes("newcomer"), 10_000, "a later frame");
        await stopServing();
        await eventually(
          () => watched.said.text.includes("supervisor: not running\n"),
          10_000,
          "a frame without a daemon",
        );
        watched.signal("SIGINT");
        expect(await watched.ended()).toBe(0);
        expect(watched.said.text).not.toContain("\x1b");
      }),
    LIMIT_MS,
  );

  test.skipIf(!hasScript)(
    "on a terminal it takes the other screen, and gives all of it back",
    () =>
      withServedRoot({}, async ({ command }) => {
        const words = command(runtime, "status", "--watch", "api");
        // The shell tells its pid, which is then the verb's: `script` passes no signal on.
        const watched = start(["script", "-qec", `echo "pid $$ "; exec ${words.join(" ")}`, "/dev/null"]);
        await eventually(() => watched.said.text.includes("Loaded:"), 10_000, "a frame");
        process.kill(Number(/pid (\d+) /.exec(watched.said.text)?.[1]), "SIGINT");
        expect(await watched.ended()).toBe(0);
        const seen = watched.said.text.replace(/^[^\n]*\n/, "");
        expect(seen).toStartWith("\x1b[?1049h\x1b[?25l\x1b[H");
        expect(seen).toEndWith("\x1b[?25h\x1b[?1049l");
      }),
    LIMIT_MS,
  );
});

test(
  "--watch --json is a status a line, and without a daemon it does not begin",
  () =>
    withServedRoot({}, async ({ command, cli, stopServing }) => {
      const watched = start(command("bun", "status", "--watch", "--json"));
      await eventually(() => watched.said.text.split("\n").length > 2, 10_000, "two lines");
      watched.signal("SIGTERM");
      expect(await watched.ended()).toBe(0);
      for (const line of watched.said.text.trimEnd().split("\n")) expect(JSON.parse(line).schema_version).toBe(1);
      await stopServing();
      expect(await cli("bun", "status", "--watch")).toMatchObject({ code: 7 });
    }),
  LIMIT_MS,
);
