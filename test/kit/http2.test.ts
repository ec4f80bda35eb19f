import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { type ClientHttp2Session, connect } from "node:http2";
import { within } from "../support/within.ts";
import { killLeftovers, startGeneration } from "./fixtures/generation.ts";
import { openRaw } from "./fixtures/raw-client.ts";
import { openShared } from "./fixtures/shared-listener.ts";

/** HTTP/2 in the clear, which Deno's own server takes; Bun's and `node:http` serve HTTP/1.1. */
const BOUND_MS = 10_000;

setDefaultTimeout(30_000);
afterAll(killLeftovers);

function ask(session: ClientHttp2Session, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let body = "";
    const stream = session.request({ ":path": path });
    stream.setEncoding("utf8");
    stream.on("data", (chunk) => {
      body += chunk;
    });
    stream.once("end", () => resolve(body));
    stream.once("error", reject);
    stream.end();
  });
}

test("C5: a client of HTTP/2 is told to go elsewhere, loses no stream, and holds no drain up", async () => {
  const listener = openShared("v4");
  // Nothing is cut before a minute, and no limit ends before: what ends within the bound was told.
  const generation = startGeneration("deno", { fds: [listener.fd], serve: { idleMs: 500, drainMs: 60_000 } });
  await within(generation.said, BOUND_MS, "it serves");
  const session = connect(`http://${listener.address}`);
  const goneAway = new Promise<number>((resolve) => session.once("goaway", resolve));
  const failures: string[] = [];
  const pid = String(generation.pid);
  expect(await ask(session, "/")).toBe(pid);

  const long = ask(session, "/slow?ms=1200");
  const other = await openRaw({ port: listener.port ?? 0 });
  await other.request("/");
  // It asks without a pause, so that its connection is never quiet.
  const busy = (async () => {
    while (!session.closed && !session.destroyed) {
      const body = await ask(session, "/async").catch((error) => `${error}`);
      if (body !== pid) failures.push(body);
    }
  })();
  generation.signal("SIGTERM");
  expect(await within(goneAway, BOUND_MS, "GOAWAY")).toBe(0);
  expect(await within(long, BOUND_MS, "the long stream")).toBe(pid);
  expect(await within(generation.exited, BOUND_MS, "the service exits")).toBe(0);
  expect(generation.stderr()).not.toContain("cut");
  session.close();
  await within(busy, BOUND_MS, "the client ends");
  // At most the one that it was about to open when it heard of the end: no server has seen it, and it may be sent again.
  expect(failures.filter((failure) => !/REFUSED|closed|GOAWAY|destroyed/i.test(failure))).toEqual([]);
  other.destroy();
  listener.close();
});

test.each([
  ["bun", ""],
  ["bun", "compat"],
  ["deno", "compat"],
] as const)(
  "C5: where only HTTP/1.1 is served a client of HTTP/2 learns so at once (%s %s)",
  async (runtime, listen) => {
    const listener = openShared("v4");
    const generation = startGeneration(runtime, { fds: [listener.fd], env: { SUPERVISOR_KIT_LISTEN: listen } });
    await within(generation.said, BOUND_MS, "it serves");
    const session = connect(`http://${listener.address}`);
    const refused = new Promise<void>((resolve) => {
      session.once("error", () => resolve());
      session.once("close", () => resolve());
    });
    await within(refused, BOUND_MS, "the refusal");
    session.destroy();
    generation.signal("SIGKILL");
    listener.close();
  },
);
