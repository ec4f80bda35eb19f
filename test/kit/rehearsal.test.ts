import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { within } from "../support/within.ts";
import { killLeftovers, startGeneration } from "./fixtures/generation.ts";
import { openRaw } from "./fixtures/raw-client.ts";
import { openShared } from "./fixtures/shared-listener.ts";

const BOUND_MS = 20_000;

setDefaultTimeout(40_000);
afterAll(killLeftovers);

for (const runtime of ["bun", "deno"] as const) {
  test(`before it serves, a server on ${runtime} has rehearsed without asking the app`, async () => {
    const listener = openShared("v4");
    const service = startGeneration(runtime, { fds: [listener.fd], script: "counted.ts" });
    const { mode } = await within(service.said, BOUND_MS, "it serves");
    expect(mode).toBe("native-inherited");
    const client = await openRaw({ port: listener.port ?? 0 });
    const first = await within(client.request("/"), BOUND_MS, "the first answer");
    expect(first.body).toBe("1");
    // A rehearsed farewell is taken back.
    expect(first.willClose).toBe(false);
    client.destroy();
    service.signal("SIGTERM");
    await within(service.exited, BOUND_MS, "it ends");
    listener.close();
  });
}
