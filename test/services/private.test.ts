import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { openShared, type SharedListener } from "../kit/fixtures/shared-listener.ts";
import { within } from "../support/within.ts";
import { MAIN } from "./api-client.ts";
import { Program, runtimes } from "./program.ts";

setDefaultTimeout(60_000);

let folder: string;
let own: SharedListener;
let http: SharedListener;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "services-private-"));
  own = openShared({ path: join(folder, "private.sock") });
  http = openShared("v4");
});
afterEach(() => {
  own.close();
  http.close();
  rmSync(folder, { recursive: true });
});

/** What a probe would see. */
function asked(path: string): Promise<Readonly<{ status: number | undefined; body: string }>> {
  const { promise, resolve, reject } = Promise.withResolvers<Readonly<{ status: number | undefined; body: string }>>();
  const options = { socketPath: own.address, path, agent: false, headers: { connection: "close" } };
  get(options, (response) => {
    text(response).then((body) => resolve({ status: response.statusCode, body }), reject);
  }).once("error", reject);
  return within(promise, 10_000, `${path} is answered`);
}

describe.each(runtimes)("on %s", (runtime) => {
  test.each([
    ["worker", { private: () => own.fd }, /"event":"worker.started"/],
    ["api", { http: () => http.fd, private: () => own.fd }, /"event":"api.listening"/],
    ["all-in-one", { http: () => http.fd, private: () => own.fd }, /"event":"api.listening"/],
  ] as const)("%s answers probes on the private listener, ready and in numbers", async (mode, listeners, begun) => {
    const lent = Object.fromEntries(Object.entries(listeners).map(([name, fd]) => [name, fd()]));
    const service = new Program({ runtime, script: [MAIN, "run", mode], cwd: folder, lent });
    await service.prints(begun);
    expect(await asked("/healthz")).toEqual({ status: 200, body: '{"status":"ok"}' });
    const ready = async () => {
      for (;;) if ((await asked("/readyz")).status === 200) return;
    };
    await within(ready(), 10_000, "it is ready");
    const { status, body } = await asked("/metrics");
    expect({
      status,
      hasQueue: body.includes('\nqueue_tasks{state="queued"} 0\n'),
      ends: body.endsWith("# EOF\n"),
    }).toEqual({
      ...{ status: 200, hasQueue: true, ends: true },
    });
    expect(body.includes("api_submissions")).toBe(mode !== "worker");
    expect(await service.end("SIGTERM")).toBe(0);
    expect(service.stderr).toBe("");
  });
});
