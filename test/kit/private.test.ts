import { afterAll, afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { freePort } from "../support/free-port.ts";
import { within } from "../support/within.ts";
import { type Generation, killLeftovers, startGeneration } from "./fixtures/generation.ts";
import { openRaw, type Target } from "./fixtures/raw-client.ts";
import { openShared, type SharedListener } from "./fixtures/shared-listener.ts";

const BOUND_MS = 10_000;
setDefaultTimeout(30_000);

const folder = mkdtempSync(join(tmpdir(), "kit-private-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(killLeftovers);

const said = (generation: Generation) => within(generation.said, BOUND_MS, "the service says how it serves");
const exit = (generation: Generation) => within(generation.exited, BOUND_MS, "the service exits");

/** One question on a connection of its own, as a probe asks. */
async function asked(target: Target, path: string): Promise<Readonly<{ status: number; body: string }>> {
  const connection = await openRaw(target);
  const { status, body } = await within(connection.request(path), BOUND_MS, `${path} is answered`);
  connection.destroy();
  return { status, body };
}

/** The same on a unix socket, for the app that clients find at `host`. */
function askedFor(host: string, socketPath: string, path: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const options = { socketPath, path, headers: { host, connection: "close" }, agent: false };
  get(options, (response) => text(response).then(resolve, reject)).once("error", reject);
  return within(promise, BOUND_MS, `${path} is answered for ${host}`);
}

describe.each(["bun", "deno"] as const)("the private listener on %s", (runtime) => {
  describe.each(["native", "compatible"] as const)("%s", (mode) => {
    let shared: SharedListener;
    let own: SharedListener;
    let alone: Readonly<{ path: string }>;
    beforeEach(() => {
      alone = { path: join(folder, `${runtime}-${mode}.sock`) };
      shared = openShared("v4");
      own = openShared(alone);
    });
    afterEach(() => {
      shared.close();
      own.close();
    });

    const clients = () => ({ port: shared.port ?? 0 });
    const env = { SUPERVISOR_KIT_LISTEN: mode === "compatible" ? "compat" : "" };
    const start = (more: Readonly<Record<string, string>> = {}) =>
      startGeneration(runtime, {
        script: "probed.ts",
        fds: [shared.fd, own.fd],
        names: "http:private",
        env: { APPS: "http", ...env, ...more },
      });

    test("C11: answers before READY, when clients of a handover still wait, and is no listener for clients", async () => {
      const generation = start({ SUPERVISOR_HANDOVER: "1" });
      expect(await said(generation)).toEqual({ mode: "served", reason: "http" });
      const waiting = await openRaw(clients());
      let isAnswered = false;
      const answer = waiting.request("/who").then(({ body }) => {
        isAnswered = true;
        return body;
      });
      expect(await asked(alone, "/readyz")).toMatchObject({ status: 503 });
      expect(await asked(alone, "/healthz")).toMatchObject({ status: 200 });
      expect(await asked(alone, "/who")).toEqual({ status: 200, body: "http" });
      expect(isAnswered).toBe(false);
      await asked(alone, "/become-ready");
      expect(await within(answer, BOUND_MS, "the client is answered")).toBe("http");
      expect(await asked(alone, "/readyz")).toMatchObject({ status: 200 });
      waiting.destroy();
    });

    test("answers while the process drains, and the drain waits for nobody there", async () => {
      const generation = start();
      await said(generation);
      await asked(alone, "/become-ready");
      const [idle, endless] = [await openRaw(alone), await openRaw(alone)];
      await within(idle.request("/who"), BOUND_MS, "an answer");
      endless.request("/slow?ms=60000").catch(() => "cut");
      const client = await openRaw(clients());
      const slow = client.request("/slow?ms=1500");
      await asked(clients(), "/who");
      generation.signal("SIGTERM");
      const drains = async (): Promise<unknown> => {
        for (;;) {
          const { status, body } = await asked(alone, "/readyz");
          if (status === 503) return JSON.parse(body);
        }
      };
      expect(await within(drains(), 1_000, "the drain shows")).toMatchObject({ status: "draining" });
      expect(await asked(alone, "/healthz")).toMatchObject({ status: 200 });
      expect((await slow).body).toBe("http");
      expect(await exit(generation)).toBe(0);
      for (const { destroy } of [idle, endless, client]) destroy();
    });

    test("what is closed by hand leaves nothing that keeps the process alive", async () => {
      const generation = start();
      await said(generation);
      await asked(alone, "/by-hand");
      expect(await exit(generation)).toBe(0);
    });

    test("of several apps the one answers that is served at the port which is asked for, else the first", async () => {
      const admin = openShared("v4");
      const generation = startGeneration(runtime, {
        ...{ script: "probed.ts", fds: [shared.fd, admin.fd, own.fd], names: "http:admin:private" },
        env: { ...env, APPS: "http,admin" },
      });
      await said(generation);
      for (const [host, name] of [
        [admin.address, "admin"],
        [shared.address, "http"],
        [`localhost:${admin.port}`, "admin"],
        ["localhost", "http"],
      ] as const) {
        expect(await askedFor(host, alone.path, "/who")).toBe(name);
      }
      admin.close();
    });

    test("a worker without any other listener answers there", async () => {
      const generation = startGeneration(runtime, {
        ...{ script: "probed.ts", fds: [own.fd], names: "private" },
        env,
      });
      expect(await said(generation)).toEqual({ mode: "aside", reason: "" });
      expect(await asked(alone, "/who")).toEqual({ status: 200, body: "worker" });
      generation.signal("SIGTERM");
      expect(await exit(generation)).toBe(0);
    });

    test("without a supervisor it answers at the address that it is given, and its children are not told of it", async () => {
      const port = await freePort();
      const generation = startGeneration(runtime, {
        script: "probed.ts",
        env: { ...env, SUPERVISOR_PRIVATE_LISTEN: `127.0.0.1:${port}` },
      });
      expect(await said(generation)).toEqual({ mode: "aside", reason: "" });
      expect(await asked({ port }, "/who")).toEqual({ status: 200, body: "worker" });
      expect(await asked({ port }, "/variable?name=SUPERVISOR_PRIVATE_LISTEN")).toMatchObject({ body: "" });
      generation.signal("SIGTERM");
      expect(await exit(generation)).toBe(0);
    });
  });
});
