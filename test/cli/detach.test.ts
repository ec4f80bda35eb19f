import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "../../supervisor/control/client.ts";
import { commandOf, type RuntimeName, runToEnd, runtimeNames } from "../control/fixtures/runtime.ts";

const root = mkdtempSync(join(tmpdir(), "detach-"));
afterAll(() => rmSync(root, { recursive: true }));

const program = join(import.meta.dirname, "fixtures/detached.ts");
const main = join(import.meta.dirname, "../../supervisor/main.ts");

/** Starts a daemon of a manner in the background, ends it with `stop`, and gives what both said. */
async function startAndStop(runtime: RuntimeName, manner: string, ...flags: string[]) {
  const state = mkdtempSync(join(root, "state-"));
  const env = { ...process.env, DAEMON: manner };
  const places = ["--root", root, "--state", state];
  const command = commandOf(runtime, program, [...places, "start", "-d", ...flags]);
  const started = await runToEnd(command, { env });
  const stopped = await runToEnd(commandOf("bun", main, [...places, "stop"]));
  return { state, started, stopped };
}

describe.each(runtimeNames)("on %s", (runtime) => {
  test("start -d returns when every wanted unit has settled, and stop when the daemon is gone", async () => {
    const { state, started, stopped } = await startAndStop(runtime, "settle");
    expect(started).toEqual({ code: 0, stdout: "start api: done\n", stderr: "" });
    expect(stopped).toEqual({ code: 0, stdout: "supervisor stopped\n", stderr: "" });
    expect(await createClient(state).status()).toEqual({ tag: "not-running" });
  }, 30_000);

  test("a daemon that dies at once shows the end of its log", async () => {
    const { state, started, stopped } = await startAndStop(runtime, "die");
    const log = join(state, "supervisor.log");
    expect(started.code).toBe(6);
    expect(started.stderr).toBe("supervisor start: the supervisor did not start (exit code 6):\n    the lamp is out\n");
    expect(readFileSync(log, "utf8")).toBe("the lamp is out\n");
    expect(stopped.code).toBe(7);
  }, 30_000);
});

test("a unit that failed is exit code 1, while the daemon goes on", async () => {
  const { started, stopped } = await startAndStop("bun", "fail");
  expect(started).toEqual({ code: 1, stdout: "", stderr: "start api: no\n" });
  expect(stopped.code).toBe(0);
}, 30_000);

test("a unit that does not settle within --timeout is exit code 124", async () => {
  const { started, stopped } = await startAndStop("bun", "hang", "--timeout", "1s");
  expect(started).toEqual({
    code: 124,
    stdout: "",
    stderr: "start api: not settled within 1s, now active (running)\n",
  });
  expect(stopped.code).toBe(0);
}, 30_000);
