import { afterAll, describe, expect, test } from "bun:test";
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "../../supervisor/control/client.ts";
import { within } from "../support/within.ts";
import { FakeDesk, makeVerdict } from "./fixtures/fake-desk.ts";
import { commandOf, runToEnd, runtimeNames } from "./fixtures/runtime.ts";
import { fakeOptions, serve } from "./fixtures/serve.ts";

const root = mkdtempSync(join(tmpdir(), "client-"));
afterAll(() => rmSync(root, { recursive: true }));

let folders = 0;
function stateDir(): string {
  const path = join(root, String(++folders));
  mkdirSync(path);
  return path;
}

const fixture = (name: string) => join(import.meta.dirname, "fixtures", name);

const expected = {
  status: ["worker"],
  unknown: {
    tag: "refused",
    faults: [{ code: "unit-unknown", message: "no unit 'apy'", retry: "never", unit: "apy" }],
  },
  order: { tag: "ok", value: [makeVerdict("api", "done", "stop api: done")] },
  accepted: { tag: "ok", value: [] },
  refused: {
    tag: "refused",
    faults: [{ code: "unit-unknown", message: "no unit 'nothing'", retry: "never", unit: "nothing" }],
  },
  logs: ["/logs/api.log 3 lines\n"],
  followed: "/logs/api.log 3 lines\nfollowed\n",
  events: [[1, "service.active"]],
};

describe.each(runtimeNames)("on %s", (runtime) => {
  test("the client gets what the desk says", async () => {
    const state = stateDir();
    const desk = new FakeDesk();
    desk.verdicts = [makeVerdict("api", "done", "stop api: done")];
    desk.happen({ event: "service.active", unit: "api" });
    const closing = new AbortController();
    const server = await serve(desk, join(state, "control.sock"), fakeOptions({ closing: closing.signal }));
    const { code, stdout, stderr } = await runToEnd(commandOf(runtime, fixture("ask.ts"), [state]));
    closing.abort();
    await server.close();
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual(expected);
    expect(code).toBe(0);
    expect(desk.orders).toEqual([
      { tag: "stop", units: ["api", "redis"], cascade: true },
      { tag: "reload", units: null },
    ]);
    expect(desk.listening).toBe(0);
  }, 30_000);

  test("the control plane serves a client", async () => {
    const state = stateDir();
    const [program, ...args] = commandOf(runtime, fixture("serve-until-told.ts"), [join(state, "control.sock")]);
    const server = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"], timeout: 25_000 });
    await within(new Promise((resolve) => server.stdout.once("data", resolve)), 10_000, "listening");
    const { stdout } = await runToEnd(commandOf("bun", fixture("ask.ts"), [state]));
    const ended = new Promise((resolve) => server.once("exit", resolve));
    server.stdin.end();
    expect(await within(ended, 5_000, "the server ends")).toBe(0);
    expect(JSON.parse(stdout)).toEqual(expected);
  }, 30_000);
});

describe("a daemon that is not there", () => {
  test("no socket, and a stale one, mean not running", async () => {
    const state = stateDir();
    expect(await createClient(state).status()).toEqual({ tag: "not-running" });
    const leave =
      'const s = require("node:net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))';
    expect(() => execFileSync(process.execPath, ["-e", leave, join(state, "control.sock")])).toThrow();
    expect(await createClient(state).status()).toEqual({ tag: "not-running" });
  });

  test("a daemon that says nothing is given up at the limit", async () => {
    const server = await listen((state) => createClient(state, 50).status());
    expect(server).toEqual({ tag: "timed-out", message: "the supervisor has not answered within 0.05s" });
  });

  test("a daemon that dies in the middle of an answer is cut, not broken", async () => {
    const reply = await listen(
      (state) => createClient(state).order({ tag: "stop", units: null, cascade: true }, 1000),
      (socket) => socket.once("data", () => socket.destroy()),
    );
    expect(reply).toMatchObject({ tag: "cut" });
  });

  test("an answer that is no JSON is broken", async () => {
    const reply = await listen(
      (state) => createClient(state).status(),
      (socket) => socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n<>")),
    );
    expect(reply).toMatchObject({ tag: "broken" });
  });

  test("a path that no socket can have says so", async () => {
    const reply = await createClient(join(root, "x".repeat(120))).status();
    expect(reply.tag === "broken" && reply.message).toContain("choose a shorter --state");
  });

  const isRoot = process.getuid?.() === 0;
  if (isRoot) console.log("running as root, whom no socket refuses: the test of a refusal is skipped");
  test.skipIf(isRoot)("a socket of somebody else is denied", async () => {
    const state = stateDir();
    const server = await serve(new FakeDesk(), join(state, "control.sock"));
    chmodSync(join(state, "control.sock"), 0);
    expect(await createClient(state).status()).toMatchObject({ tag: "denied" });
    await server.close();
  });
});

/** Asks a server that is no supervisor. */
async function listen<T>(
  ask: (state: string) => Promise<T>,
  onSocket: Parameters<Server["on"]>[1] = () => {},
): Promise<T> {
  const state = stateDir();
  const server = createServer();
  server.on("connection", onSocket);
  await new Promise<void>((resolve) => server.listen(join(state, "control.sock"), resolve));
  try {
    return await within(ask(state), 5_000, "a reply");
  } finally {
    server.close();
  }
}
