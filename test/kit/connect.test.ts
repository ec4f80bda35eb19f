import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { within } from "../support/within.ts";
import { killLeftovers, startGeneration } from "./fixtures/generation.ts";
import { openRaw } from "./fixtures/raw-client.ts";
import { openShared } from "./fixtures/shared-listener.ts";

const BOUND_MS = 20_000;
const IDLE_MS = 300;

setDefaultTimeout(40_000);
afterAll(killLeftovers);

for (const runtime of ["bun", "deno"] as const) {
  for (const mode of ["native", "compat"] as const) {
    test(`C15: CONNECT is answered like any other method, and holds up no drain: ${mode} on ${runtime}`, async () => {
      const listener = openShared("v4");
      const env = { SUPERVISOR_KIT_LISTEN: mode };
      const service = startGeneration(runtime, { fds: [listener.fd], env, serve: { idleMs: IDLE_MS } });
      await within(service.said, BOUND_MS, "it serves");
      const client = await openRaw({ port: listener.port ?? 0 });
      client.send("CONNECT test:443 HTTP/1.1\r\nHost: test:443\r\n\r\n");
      const answer = mode === "native" ? client.response() : client.ended.then(() => null);
      // node:http, which has nobody who takes a tunnel, closes the connection.
      expect((await within(answer, BOUND_MS, "the answer"))?.status ?? null).toBe(mode === "native" ? 404 : null);
      service.signal("SIGTERM");
      expect(await within(service.exited, BOUND_MS, "it ends")).toBe(0);
      client.destroy();
      listener.close();
    });
  }
}
