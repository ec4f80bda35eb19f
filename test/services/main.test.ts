import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../support/eventually.ts";
import { openTarget } from "../tasks/fixtures/target.ts";
import { apiUrl, CLOSE, MAIN, type ServiceOrder, settled, startService, submit } from "./api-client.ts";
import { Program, runScript, runtimes } from "./program.ts";

setDefaultTimeout(90_000);

let cwd: string;
let programs: Program[];
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "services-"));
  programs = [];
});
afterEach(async () => {
  for (const program of programs) program.child.kill("SIGKILL");
  await Promise.all(programs.map(({ exited }) => exited));
  rmSync(cwd, { recursive: true });
});

const start = (order: Omit<ServiceOrder, "cwd">) => {
  const program = startService({ cwd, ...order });
  programs.push(program);
  return program;
};

const rows = [
  { k: "a", v: 1 },
  { k: "a", v: 2 },
];
const sum = { type: "report.aggregate", payload: { rows, group_by: "k", sum: "v" } };

describe.each(runtimes)("on %s", (runtime) => {
  test.each(["memory:", "sqlite:.supervisor/data/queue.db"])(
    "all-in-one on %s does a task and drains",
    async (queue) => {
      mkdirSync(join(cwd, "data"));
      writeFileSync(join(cwd, "data", "x.ndjson"), '{"k":"b","v":7}\n');
      const service = start({ runtime, mode: "all-in-one", settings: [`queue.url=${queue}`] });
      const url = await apiUrl(service);
      expect((await settled(url, await submit(url, sum))).result).toEqual({ groups: { a: 3 }, rows: 2 });
      const file = { type: "report.aggregate", payload: { file: "x.ndjson", group_by: "k", sum: "v" } };
      expect((await settled(url, await submit(url, file))).result).toEqual({ groups: { b: 7 }, rows: 1 });
      const inside = { type: "webhook.deliver", payload: { url: "http://10.0.0.1:1/", body: 1 } };
      const refused = await settled(url, await submit(url, inside), "dead");
      expect(refused).toMatchObject({ attempts: 1, error: { code: "address-private" } });
      expect((await fetch(`${url}/readyz`, { headers: CLOSE })).status).toBe(200);
      expect(await (await fetch(`${url}/info`, { headers: CLOSE })).json()).toMatchObject({
        runtime: expect.stringContaining(runtime),
      });
      expect(await service.end("SIGTERM")).toBe(0);
      expect(service.stderr).toBe("");
      for (const event of ["worker.drained", "api.drained"]) expect(service.stdout).toContain(`"event":"${event}"`);
      for (const line of service.stdout.trim().split("\n")) expect(JSON.parse(line)).toHaveProperty("event");
    },
  );

  test("api and worker share the work through one file, and what was queued before a restart is done after it", async () => {
    const first = start({ runtime, mode: "api" });
    const before = await submit(await apiUrl(first), sum);
    expect(await first.end("SIGTERM")).toBe(0);
    const url = await apiUrl(start({ runtime, mode: "api" }));
    const worker = start({ runtime, mode: "worker" });
    const after = await submit(url, sum);
    for (const id of [before, after]) expect((await settled(url, id)).result).toEqual({ groups: { a: 3 }, rows: 2 });
    expect(await worker.end("SIGTERM")).toBe(0);
    expect(worker.stderr).toBe("");
  });

  test("a worker killed in the middle of a task loses nothing: the task is taken again after its lease", async () => {
    const target = await openTarget();
    writeFileSync(join(cwd, "secret"), `whsec_${Buffer.alloc(24, 1).toString("base64")}\n`);
    const webhooks = ["worker.webhook_reach=any", "worker.webhook_secret_file=secret"];
    const settings = ["worker.lease_ms=400", ...webhooks];
    const url = await apiUrl(start({ runtime, mode: "api" }));
    const worker = start({ runtime, mode: "worker", settings });
    const id = await submit(url, { type: "webhook.deliver", payload: { url: `${target.url}/silent`, body: {} } });
    await eventually(() => target.deliveries.length === 1, 30_000, "the first delivery");
    expect(await worker.end("SIGKILL")).toBe("SIGKILL");
    target.answer("/silent", 200);
    const again = start({ runtime, mode: "worker", settings });
    expect(await settled(url, id)).toMatchObject({ attempts: 2, result: { status: 200 }, error: null });
    for (const name of ["idempotency-key", "webhook-id"]) {
      expect(target.deliveries.map(({ headers }) => headers[name])).toEqual([id, id]);
    }
    expect(target.deliveries[1]?.headers["webhook-signature"]).toMatch(/^v1,[\w+/]{43}=$/);
    expect(await again.end("SIGTERM")).toBe(0);
    await target.close();
  });

  test("a port in use ends it at once, in one line, with nothing left running", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => other.once("listening", resolve));
    const port = (other.address() as AddressInfo).port;
    const service = start({ runtime, mode: "all-in-one", settings: [`api.port=${port}`, "api.host=127.0.0.1"] });
    expect(await service.exited).toBe(1);
    expect(service.stderr.trim().split("\n").length).toBe(1);
    expect(service.stderr).toMatch(/EADDRINUSE|in use/i);
    other.close();
  });

  test("what it cannot run it says, with the contract's exit code", async () => {
    const run = async (...args: string[]) => {
      const { code, stderr } = await runScript({ runtime, script: [MAIN, ...args], cwd });
      return [code, stderr.trim()];
    };
    expect(await run("run", "everything")).toEqual([2, expect.stringContaining("everything cannot be run\nusage: ")]);
    expect(await run("run", "api", "--set", "api.port=x")).toEqual([6, expect.stringContaining("api.port: ")]);
    expect(await run("run", "worker", "--set", "worker.webhook_secret_file=none")).toEqual([
      6,
      "worker.webhook_secret_file: none: cannot be read: ENOENT",
    ]);
    expect(await run("run", "worker", "--set", "queue.url=memory:")).toEqual([
      6,
      expect.stringContaining("one process only"),
    ]);
    expect(await run("run", "api", "--set", "queue.url=redis://h/zero")).toEqual([
      6,
      "queue.url: the path of a redis URL is the number of a database, as in redis://HOST:PORT/0",
    ]);
    expect(await run("run", "worker", "--set", "queue.url=redis://:secret@127.0.0.1:1")).toEqual([
      1,
      "queue.url: redis://127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1",
    ]);
  });
});

test("the folder and the environment of the configuration are the caller's choice", async () => {
  mkdirSync(join(cwd, "etc"));
  writeFileSync(
    join(cwd, "etc", "default.toml"),
    '[queue]\nurl = "sqlite:here/q.db"\n[telemetry]\nlog_level = "debug"\n',
  );
  const script = [MAIN, "run", "all-in-one", "--config", "etc"] as const;
  const service = new Program({ runtime: "bun", script, cwd, environment: { PORT: "0" } });
  programs.push(service);
  const url = await apiUrl(service);
  const id = await submit(url, sum);
  await settled(url, id);
  await service.prints(new RegExp(`"event":"task.done","task":"${id}"`));
  expect(readFileSync(join(cwd, "here/q.db")).subarray(0, 6).toString()).toBe("SQLite");
});
