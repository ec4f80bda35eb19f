import { afterAll, afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { backlogOf } from "../../services/kit/connections.ts";
import { libc } from "../../services/kit/libc.ts";
import { within } from "../support/within.ts";
import { closedLoop } from "./fixtures/closed-loop.ts";
import { type Generation, type GenerationOptions, killLeftovers, startGeneration } from "./fixtures/generation.ts";
import { openRaw, type Target } from "./fixtures/raw-client.ts";
import { openShared, type SharedListener } from "./fixtures/shared-listener.ts";

const BOUND_MS = 10_000;
/** Longer than any test waits: whatever ends within the bound has not waited for it. */
const NEVER_MS = 60_000;

setDefaultTimeout(30_000);

const folder = mkdtempSync(join(tmpdir(), "kit-serve-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(killLeftovers);

const said = (generation: Generation) => within(generation.said, BOUND_MS, "the service says how it serves");
const exit = (generation: Generation) => within(generation.exited, BOUND_MS, "the service exits");
/** A connection that the service has accepted: one that waits in the queue is the next generation's. */
const accepted = async (target: Target) => {
  const connection = await openRaw(target);
  await within(connection.request("/"), BOUND_MS, "the first answer");
  return connection;
};
/** Resolves when the service has read what was sent to it before. */
const answeredAfter = async (target: Target) => (await accepted(target)).destroy();
const drained = (generation: Generation) => {
  generation.signal("SIGTERM");
  return exit(generation);
};

for (const runtime of ["bun", "deno"] as const) {
  for (const mode of ["native-inherited", "compatible"] as const) {
    describe(`${mode} on ${runtime}`, () => {
      let listener: SharedListener;
      beforeEach(() => {
        listener = openShared("v4");
      });
      afterEach(() => listener.close());

      const start = (serve: Readonly<Record<string, unknown>> = {}, more: GenerationOptions = {}) =>
        startGeneration(runtime, {
          fds: [listener.fd],
          serve: { idleMs: NEVER_MS, ...serve },
          ...more,
          env: { SUPERVISOR_KIT_LISTEN: mode === "compatible" ? "compat" : "", ...more.env },
        });
      const target = () => ({ port: listener.port ?? 0 });

      test("A7: the inherited listener is served, and its backlog is what it was", async () => {
        const generation = start();
        const { reason, ...rest } = await said(generation);
        expect(rest).toEqual({ mode, address: listener.address });
        expect(reason).toBe(mode === "compatible" ? "SUPERVISOR_KIT_LISTEN=compat" : null);
        const connection = await openRaw(target());
        expect((await connection.request("/")).body).toBe(String(generation.pid));
        const c = libc();
        expect(c && backlogOf(c, listener.fd)).toBe(listener.backlog);
        connection.destroy();
      });

      test("C1, C14: one generation replaces another under load without a failed request", async () => {
        const old = start();
        await said(old);
        const loop = closedLoop(target(), { keeping: 32, single: 32 });
        await within(loop.hears(String(old.pid), 300), BOUND_MS, "the old generation answers");
        const next = start();
        await said(next);
        await within(loop.hears(String(next.pid), 100), BOUND_MS, "the new generation answers");
        expect(await drained(old)).toBe(0);
        await within(loop.hears(String(next.pid), 300), BOUND_MS, "the new generation answers alone");
        await loop.stop();
        expect(loop.failures).toEqual([]);
      });

      test("C3, C13: a response in flight survives the drain and says close", async () => {
        const generation = start();
        await said(generation);
        const connection = await accepted(target());
        const answer = connection.request("/slow?ms=400");
        await answeredAfter(target());
        generation.signal("SIGTERM");
        expect(await answer).toMatchObject({ body: String(generation.pid), willClose: true });
        await within(connection.ended, BOUND_MS, "the server closes the connection");
        expect(await exit(generation)).toBe(0);
      });

      test("C3: a streaming response is finished before the process exits", async () => {
        const generation = start({ idleMs: 100 });
        await said(generation);
        const connection = await openRaw(target());
        const answer = connection.request("/stream?ms=300");
        await within(connection.receives("first"), BOUND_MS, "the first part");
        generation.signal("SIGTERM");
        expect((await answer).body).toBe("first last");
        connection.destroy();
        expect(await exit(generation)).toBe(0);
      });

      test("without a connection the drain does not wait for the idle limit", async () => {
        const generation = start();
        await said(generation);
        expect(await drained(generation)).toBe(0);
      });

      test("C1: a connection that stays idle is waited for until the idle limit, not longer", async () => {
        const generation = start({ idleMs: 600 });
        await said(generation);
        const idle = await openRaw(target());
        await idle.request("/");
        const beganMs = performance.now();
        expect(await drained(generation)).toBe(0);
        expect(performance.now() - beganMs).toBeGreaterThanOrEqual(600);
        await within(idle.ended, BOUND_MS, "the connection ends with the process");
      });

      test("C13: a response with headers that cannot be changed says close too", async () => {
        const generation = start();
        await said(generation);
        const [connection, witness] = [await accepted(target()), await accepted(target())];
        const slow = witness.request("/slow?ms=150");
        generation.signal("SIGTERM");
        await slow;
        const answer = await connection.request("/redirect");
        expect(answer).toMatchObject({ status: 302, willClose: true });
        expect(answer.head).toContain("http://127.0.0.1/elsewhere");
        expect(await exit(generation)).toBe(0);
      });

      test("C9: what is still in flight at the drain limit is cut, and that is said", async () => {
        const generation = start({ drainMs: 300 });
        await said(generation);
        const connection = await accepted(target());
        const answer = connection.request("/slow?ms=20000").catch(() => "cut");
        await answeredAfter(target());
        expect(await drained(generation)).toBe(0);
        expect(generation.stderr()).toContain("drain: 1 connection cut after 300 ms");
        expect(await answer).toBe("cut");
      });

      test("a second signal ends the drain at once", async () => {
        const generation = start();
        await said(generation);
        const [connection, witness] = [await accepted(target()), await accepted(target())];
        const answer = connection.request("/slow?ms=20000").catch(() => "cut");
        const slow = witness.request("/slow?ms=150");
        generation.signal("SIGTERM");
        expect((await slow).willClose).toBe(true);
        generation.signal("SIGTERM");
        expect(await exit(generation)).toBe(143);
        expect(await answer).toBe("cut");
      });

      test("an IPv6 listener and a unix socket are handed over alike", async () => {
        const path = join(folder, `${runtime}-${mode}.sock`);
        for (const where of ["v6", { path }] as const) {
          const shared = openShared(where);
          const place: Target = shared.port === null ? { path } : { port: shared.port, host: "::1" };
          const old = start({}, { fds: [shared.fd] });
          expect(await said(old)).toMatchObject({ mode, address: shared.address });
          const loop = closedLoop(place, { keeping: 4, single: 4 });
          await within(loop.hears(String(old.pid), 20), BOUND_MS, "the old generation answers");
          const next = start({}, { fds: [shared.fd] });
          await said(next);
          // On a unix socket Deno cannot tell its clients apart: it waits until they have closed, as they were told to.
          expect(await drained(old)).toBe(0);
          await within(loop.hears(String(next.pid), 20), BOUND_MS, "the new generation answers alone");
          await loop.stop();
          expect(loop.failures).toEqual([]);
          next.signal("SIGKILL");
          shared.close();
        }
      });
    });
  }

  describe(`serve on ${runtime}`, () => {
    test("A15, B26: the listener is chosen by its name, and its variables are gone afterwards", async () => {
      const [first, second] = [openShared("v4"), openShared("v4")];
      const options = { fds: [first.fd, second.fd], names: "http:admin" };
      const generation = startGeneration(runtime, { ...options, serve: { listener: "admin" } });
      expect((await said(generation)).address).toBe(second.address);
      const connection = await openRaw({ port: second.port ?? 0 });
      expect((await connection.request("/environment")).body).toBe("[]");
      connection.destroy();
      first.close();
      second.close();
    });

    test("A15: two listeners of one process are handed over together", async () => {
      const listeners = [openShared("v4"), openShared("v4")] as const;
      const fds = listeners.map(({ fd }) => fd);
      const start = () =>
        startGeneration(runtime, {
          fds,
          names: "http:admin",
          env: { ALSO: "admin" },
          serve: { listener: "http", idleMs: 500 },
        });
      const old = start();
      await said(old);
      const loops = listeners.map(({ port }) => closedLoop({ port: port ?? 0 }, { keeping: 4, single: 4 }));
      const hear = ({ pid }: Generation) =>
        within(Promise.all(loops.map((loop) => loop.hears(String(pid), 20))), BOUND_MS, "both are answered");
      await hear(old);
      const next = start();
      await said(next);
      expect(await drained(old)).toBe(0);
      await hear(next);
      for (const loop of loops) {
        await loop.stop();
        expect(loop.failures).toEqual([]);
      }
      for (const listener of listeners) listener.close();
    });

    test("a listener name that was not passed fails with the names that were", async () => {
      const listener = openShared("v4");
      const options = { fds: [listener.fd, listener.fd], names: "http:admin", serve: { listener: "htp" } };
      const generation = startGeneration(runtime, options);
      expect((await said(generation)).error).toBe(
        "no listener 'htp' was passed to this process; there is: http, admin",
      );
      expect(await exit(generation)).toBe(1);
      listener.close();
    });

    test("a LISTEN_PID of another process is ignored", async () => {
      const listener = openShared("v4");
      const options = { fds: [listener.fd], listenPid: "1", serve: { port: 0 } };
      const { mode, address } = await said(startGeneration(runtime, options));
      expect(mode).toBe("native");
      expect(address).not.toBe(listener.address);
      listener.close();
    });

    for (const mode of ["native", "compatible"] as const) {
      const env = { SUPERVISOR_KIT_LISTEN: mode === "compatible" ? "compat" : "" };

      test(`without a supervisor it binds itself, and refuses new clients while draining (${mode})`, async () => {
        const generation = startGeneration(runtime, { env, serve: { port: 0 } });
        const announcement = await said(generation);
        expect(announcement.mode).toBe(mode);
        const port = Number(announcement.address?.split(":").at(-1));
        const [connection, witness] = [await accepted({ port }), await accepted({ port })];
        const slow = connection.request("/slow?ms=400");
        const soon = witness.request("/slow?ms=150");
        generation.signal("SIGTERM");
        expect((await soon).willClose).toBe(true);
        expect(await openRaw({ port }).catch((error) => error.code)).toBe("ECONNREFUSED");
        expect((await slow).body).toBe(String(generation.pid));
        expect(await exit(generation)).toBe(0);
      });

      test(`a path of its own is bound although a killed process left it behind (${mode})`, async () => {
        const path = join(folder, `own-${runtime}-${mode}.sock`);
        const killed = startGeneration(runtime, { env, serve: { path } });
        await said(killed);
        killed.signal("SIGKILL");
        await exit(killed);
        const generation = startGeneration(runtime, { env, serve: { path } });
        expect(await said(generation)).toMatchObject({ mode, address: path });
        const connection = await openRaw({ path });
        expect((await connection.request("/")).body).toBe(String(generation.pid));
        connection.destroy();
        expect(await drained(generation)).toBe(0);
      });

      test(`an address in use is an error, not another address (${mode})`, async () => {
        const taken = createServer().listen(0, "127.0.0.1");
        await new Promise((resolve) => taken.once("listening", resolve));
        const { port } = taken.address() as { port: number };
        const generation = startGeneration(runtime, { env, serve: { port } });
        expect((await said(generation)).error).toMatch(/in use/i);
        taken.close();
      });
    }

    test.each([
      ["a socket that does not listen", 2, 1],
      ["a datagram socket", 2, 2],
    ] as const)("A16: %s is refused by name", async (_, family, type) => {
      const c = libc();
      const fd = c ? c.socket(family, type, 0) : -1;
      const generation = startGeneration(runtime, { fds: [fd] });
      expect((await said(generation)).error).toContain("listener 'http' (descriptor 3) is not a listening socket");
      c?.close(fd);
    });

    test("A16: a listener whose connections are no streams is refused by name", async () => {
      const sequenced = openShared({ path: join(folder, `sequenced-${runtime}.sock`) }, 5);
      const generation = startGeneration(runtime, { fds: [sequenced.fd] });
      expect((await said(generation)).error).toContain("listener 'http' (descriptor 3) is not a stream socket");
      sequenced.close();
    });
  });
}

test("without FFI a listener is served compatibly, and says why", async () => {
  const listener = openShared("v4");
  const generation = startGeneration("deno", { fds: [listener.fd], withoutFfi: true, serve: { idleMs: NEVER_MS } });
  const reason = "libc cannot be called";
  expect(await said(generation)).toEqual({ mode: "compatible", address: listener.address, reason });
  expect(generation.stderr()).toContain(`serve: listener 'http' is served through node:http: ${reason}`);
  await answeredAfter({ port: listener.port ?? 0 });
  expect(await drained(generation)).toBe(0);
  listener.close();
});
