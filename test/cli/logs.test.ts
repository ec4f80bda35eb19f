import { afterAll, beforeAll, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LogEntry } from "../../supervisor/unit/log-entry.ts";
import type { LogQuery } from "../../supervisor/unit/log-query.ts";
import { FakeDesk } from "../control/fixtures/fake-desk.ts";
import { commandOf, type RuntimeName, runToEnd, runtimeNames } from "../control/fixtures/runtime.ts";
import { fakeOptions, printed, serve } from "../control/fixtures/serve.ts";
import { within } from "../support/within.ts";

const root = mkdtempSync(join(tmpdir(), "supervisor-logs-"));
const closing = new AbortController();
const asked: LogQuery[] = [];
let server: Awaited<ReturnType<typeof serve>>;
let goOn = new AbortController();

/** api's lines 0 to 99, what is divisible by ten on stderr; then redis' one; then, when following, one more of each. */
async function* logs(query: LogQuery, signal: AbortSignal): AsyncGenerator<readonly LogEntry[]> {
  asked.push(query);
  const line = (at: number) => printed("api", `line ${at}`, { stream: at % 10 === 0 ? "stderr" : "stdout" });
  const all = Array.from({ length: 100 }, (_, at) => line(at));
  yield [...all, printed("redis", "ready, line 1", { stamp: "12:00 " })].slice(-query.lines);
  if (!query.follow) return;
  yield [];
  const told = AbortSignal.any([goOn.signal, signal]);
  await new Promise<void>((resolve) => told.addEventListener("abort", () => resolve(), { once: true }));
  yield [line(110), printed("redis", "bye")];
}

beforeAll(async () => {
  mkdirSync(join(root, ".supervisor"));
  const options = fakeOptions({ closing: closing.signal, logs });
  server = await serve(new FakeDesk(), join(root, ".supervisor/control.sock"), options);
});
afterAll(async () => {
  closing.abort();
  await server.close();
  rmSync(root, { recursive: true });
});

const environment = { ...process.env, NO_COLOR: "1", TZ: "UTC" };
const supervisor = (args: readonly string[], runtime: RuntimeName = "bun") =>
  runToEnd(
    commandOf(runtime, join(import.meta.dirname, "../../supervisor/main.ts"), ["--root", root, "logs", ...args]),
    {
      env: environment,
    },
  );
const printedBy = async (...args: string[]) => {
  asked.length = 0;
  const { code, stdout, stderr } = await supervisor(args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
};

test.each(runtimeNames)(
  "short, JSON and raw lines: %s",
  async (runtime) => {
    const ask = async (look: string) => (await supervisor(["-n1", "-o", look, "api", "redis"], runtime)).stdout;
    expect(await ask("short")).toBe("Jan 06 10:11:12.345 redis@1[42]: ready, line 1\n");
    expect(await ask("raw")).toBe("12:00 ready, line 1\n");
    expect(JSON.parse(await ask("json"))).toMatchObject({ unit: "redis", pid: 42, text: "ready, line 1" });
  },
  30_000,
);

test("several units are named on each line, unless told otherwise", async () => {
  expect(await printedBy("-n2", "api", "redis")).toBe("api: line 99\nredis: 12:00 ready, line 1\n");
  expect(JSON.parse(await printedBy("-n1", "--json"))).toMatchObject({ unit: "redis" });
}, 20_000);

test("-n with a pattern means the last that match; without -n all of them come", async () => {
  expect(await printedBy("api", "--grep", "^line .*[05]$", "-n", "3")).toBe("line 85\nline 90\nline 95\n");
  expect(asked[0]?.lines).toBe(Number.POSITIVE_INFINITY);
  expect((await printedBy("api", "--grep", "line 1.$")).split("\n")).toHaveLength(11);
  expect(await printedBy("api", "--grep", "line", "-n", "0")).toBe("");
}, 20_000);

test("times and streams are asked of the daemon, and all that they leave comes", async () => {
  await printedBy("api", "--since", "2026-01-06 10:00:00", "--until", "2026-01-06T11:00:00Z", "--stream", "stderr");
  const [sinceMs, untilMs] = [Date.UTC(2026, 0, 6, 10), Date.UTC(2026, 0, 6, 11)];
  const file = "/logs/api.log";
  const sources = [{ unit: "api", file, instances: null }];
  expect(asked).toEqual([
    { sources, sinceMs, untilMs, stream: "stderr", lines: Number.POSITIVE_INFINITY, follow: false },
  ]);
  await printedBy("api@2", "--since", "-1h", "-n", "4");
  expect(asked[0]).toMatchObject({ lines: 4, sources: [{ unit: "api", file, instances: [2] }] });
}, 20_000);

test("following with a pattern gives the last that match, then each that does", async () => {
  goOn = new AbortController();
  const main = join(import.meta.dirname, "../../supervisor/main.ts");
  const args = ["--root", root, "logs", "-f", "-n2", "--grep", "0$", "api"];
  const [program, ...rest] = commandOf("bun", main, args);
  const child = spawn(program, rest, { stdio: ["ignore", "pipe", "inherit"], env: environment, timeout: 15_000 });
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    stdout += text;
    if (stdout === "line 80\nline 90\n") goOn.abort();
  });
  const ended = new Promise((resolve) => child.once("close", resolve));
  expect(await within(ended, 15_000, "the verb ends with the stream")).toBe(0);
  expect(stdout).toBe("line 80\nline 90\nline 110\n");
}, 20_000);

test.each<[readonly string[], RegExp]>([
  [["--grep", "("], /^supervisor logs: --grep: is no regular expression: .+\n$/],
  [["--since", "soon"], /^supervisor logs: --since: must be a time such as .*, got 'soon'\n$/],
  [["--until", "x"], /^supervisor logs: --until: must be a time such as .*, got 'x'\n$/],
  [["--stream", "both"], /^supervisor logs: --stream: must be stdout or stderr, got 'both'\n$/],
  [["-o", "xml"], /^supervisor logs: --output: must be short, json or raw, got 'xml'\n$/],
  [["-f", "--until", "now"], /^supervisor logs: --until: what is followed has no end; leave out --follow\n$/],
  [["-n", "x"], /^supervisor logs: --lines: must be a whole number of 0 or more, got 'x'\n$/],
])(
  "%p is exit code 2 and a line that says why",
  async (args, stderr) => {
    expect(await supervisor(args)).toEqual({ code: 2, stdout: "", stderr: expect.stringMatching(stderr) });
  },
  20_000,
);
