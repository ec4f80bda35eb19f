import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ControlOptions, createControl } from "../../supervisor/control/routes.ts";
import type { Happening } from "../../supervisor/daemon/ports.ts";
import { eventually } from "../support/eventually.ts";
import { readOpenMetrics } from "../support/openmetrics.ts";
import { FakeDesk, makeInstance, makeUnit } from "./fixtures/fake-desk.ts";
import { commandOf, runToEnd } from "./fixtures/runtime.ts";
import { fakeOptions } from "./fixtures/serve.ts";

const folder = mkdtempSync(join(tmpdir(), "metrics-"));
const servers: Server[] = [];
const closing = new AbortController();
afterAll(async () => {
  closing.abort();
  for (const server of servers) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  rmSync(folder, { recursive: true });
});

/** Serves on a unix socket, as a service does on its private listener. */
async function serve(name: string, listener: RequestListener): Promise<string> {
  const path = join(folder, name);
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return path;
}

function setUp(figures: NonNullable<ControlOptions["figures"]> = {}, desk = new FakeDesk()) {
  const app = createControl(desk, fakeOptions({ closing: closing.signal, figures }));
  const scrape = async (): Promise<string> => (await app.request("/metrics")).text();
  return { app, desk, scrape };
}

/** What one series says; undefined: it is not there. */
const told = (text: string, name: string, labels = ""): number | undefined =>
  readOpenMetrics(text).find((one) => one.name === name && one.labels === labels)?.value;

test("the figures are those of the status, in OpenMetrics", async () => {
  const { app, desk, scrape } = setUp();
  const ill = { active_state: "failed", generation: 1, health: "unhealthy" } as const;
  desk.units = [makeUnit("api"), makeUnit("worker", ill), makeUnit("redis", { health: "unknown" })];
  const text = await scrape();
  expect((await app.request("/metrics")).headers.get("content-type")).toStartWith("application/openmetrics-text");
  expect(text).toStartWith("# TYPE supervisor info\n# HELP supervisor What runs here.\n");
  expect(text).toContain('supervisor_info{version="0.1.0",runtime="bun \\"x\\""} 1\n');
  expect(told(text, "supervisor_start_time_seconds")).toBe(1_767_693_600);
  expect(told(text, "supervisor_units", 'state="failed"')).toBe(1);
  expect(told(text, "supervisor_unit_active", 'unit="api"')).toBe(1);
  expect(told(text, "supervisor_unit_active", 'unit="worker"')).toBe(0);
  expect(told(text, "supervisor_unit_state", 'unit="worker",supervisor_unit_state="failed"')).toBe(1);
  expect(told(text, "supervisor_unit_state", 'unit="worker",supervisor_unit_state="active"')).toBe(0);
  expect(told(text, "supervisor_unit_generation", 'unit="api"')).toBe(3);
  const healthy = ["api", "worker", "redis"].map((unit) => told(text, "supervisor_unit_healthy", `unit="${unit}"`));
  expect(healthy).toEqual([1, 0, undefined]);
  expect(told(text, "supervisor_unit_restarts_total", 'unit="api",reason="oom-kill"')).toBe(0);
  expect(told(text, "supervisor_handovers_total", 'unit="api",result="done"')).toBe(0);
  for (const name of ["process_cpu_seconds_total", "process_memory_bytes", "process_open_fds"]) {
    expect(told(text, `supervisor_${name}`)).toBeGreaterThan(0);
  }
  expect(told(text, "supervisor_event_loop_delay_seconds")).toBeGreaterThanOrEqual(0);
});

test("what happens is counted as it does", async () => {
  const { desk, scrape } = setUp();
  const api = (event: string, more: Partial<Happening> = {}) =>
    desk.happen({ unit: "api", instance: 1, event: event, ...more });
  const exit = { tag: "exit", code: 1, ready: true } as const;
  api("service.waiting", { cause: { ...exit, because: [] } });
  api("service.waiting", { cause: { tag: "oom", signal: "SIGKILL", because: [] } });
  api("service.waiting", { cause: { tag: "command", kind: "start-pre", program: "x", because: [exit] } });
  const manual = { tag: "manual", user: "root", uid: 0, pid: 1, command: null } as const;
  api("service.starting", { cause: { ...manual, order: "start", because: [] } });
  api("service.starting", { cause: { ...manual, order: "restart", because: [] } });
  api("service.ready", { duration_ms: 17 });
  api("service.ready", { duration_ms: 400_000 });
  api("handover.began", { at: "2026-01-06T10:00:00.000Z" });
  api("handover.drained", { duration_ms: 4 });
  api("handover.done", { at: "2026-01-06T10:00:02.000Z" });
  api("handover.kept-old");
  desk.happen({ event: "supervisor.started" });
  const text = await eventually(
    async () => {
      const seen = await scrape();
      return seen.includes('supervisor_handovers_total{unit="api",result="kept-old"} 1') && seen;
    },
    1000,
    "the last happening counted",
  );
  const restarts = (reason: string) => told(text, "supervisor_unit_restarts_total", `unit="api",reason="${reason}"`);
  expect(["exit-code", "oom-kill", "manual", "signal"].map(restarts)).toEqual([2, 1, 1, 0]);
  expect(told(text, "supervisor_unit_ready_seconds_bucket", 'unit="api",le="0.025"')).toBe(1);
  expect(told(text, "supervisor_unit_ready_seconds_bucket", 'unit="api",le="300.0"')).toBe(1);
  expect(told(text, "supervisor_unit_ready_seconds_count", 'unit="api"')).toBe(2);
  expect(told(text, "supervisor_handover_seconds_sum", 'unit="api"')).toBe(2);
  expect(told(text, "supervisor_drain_seconds_sum", 'unit="api"')).toBe(0.004);
  expect(told(text, "supervisor_handovers_total", 'unit="api",result="done"')).toBe(1);
});

test("what processes take is the sum of their trees, and processor time never falls", async () => {
  const loads = new Map<number, number>([
    [1, 10],
    [2, 5],
  ]);
  const weigh = async (pids: readonly number[]) =>
    new Map(
      pids.flatMap((pid) => {
        const cpuSeconds = loads.get(pid);
        return cpuSeconds === undefined
          ? []
          : [[pid, { tasks: 3, memoryBytes: 1000, cpuSeconds, openFds: 7 }] as const];
      }),
    );
  const { desk, scrape } = setUp({ scales: { weigh } });
  const one = makeInstance("api@1", { pid: 1, invocation_id: "i1" });
  const two = makeInstance("api@2", { pid: 2, invocation_id: "i2" });
  desk.units = [makeUnit("api", { instances: [one, two] }), makeUnit("idle", { instances: [] })];
  const first = await scrape();
  const of = (text: string, name: string) => told(text, `supervisor_unit_${name}`, 'unit="api"');
  expect(["tasks", "memory_bytes", "open_fds", "cpu_seconds_total"].map((name) => of(first, name))).toEqual([
    6, 2000, 14, 15,
  ]);
  expect(told(first, "supervisor_unit_memory_bytes", 'unit="idle"')).toBeUndefined();
  expect(told(first, "supervisor_unit_cpu_seconds_total", 'unit="idle"')).toBe(0);
  // A child of the second has ended; the first has made place for another process.
  loads.set(2, 4).delete(1);
  desk.units = [makeUnit("api", { instances: [makeInstance("api@1", { pid: 3, invocation_id: "i3" }), two] })];
  loads.set(3, 0.5);
  expect(of(await scrape(), "cpu_seconds_total")).toBe(15.5);
});

test("output and probes are told where they are known", async () => {
  const { scrape } = setUp({
    output: (unit) => (unit === "api" ? { sizeBytes: 42, droppedLines: 3 } : null),
    probes: () => [
      { unit: "api", kind: "liveness", ok: true, count: 9 },
      { unit: "gone", kind: "liveness", ok: false, count: 1 },
    ],
  });
  const text = await scrape();
  expect(told(text, "supervisor_unit_output_bytes_total", 'unit="api"')).toBe(42);
  expect(told(text, "supervisor_unit_output_dropped_lines_total", 'unit="api"')).toBe(3);
  expect(told(text, "supervisor_unit_output_bytes_total", 'unit="redis"')).toBeUndefined();
  expect(told(text, "supervisor_probe_answers_total", 'unit="api",kind="liveness",result="passed"')).toBe(9);
  expect(text).not.toContain('unit="gone"');
});

test("services tell their own, and one that does not fails nobody else", async () => {
  const feigned = "# TYPE supervisor_unit_active gauge\nsupervisor_unit_active 99\n";
  const good = `# TYPE tasks counter\n# HELP tasks Done.\ntasks_total{queue="a"} 3\nsupervisor_units 7\nbroken\n${feigned}`;
  const paths = new Map([
    ["good1", await serve("good1", (_, response) => response.end(good))],
    ["good2", await serve("good2", (_, response) => response.end(good.replace("3", "4")))],
    ["silent", await serve("silent", () => {})],
    ["trickle", await serve("trickle", (_, response) => void response.write("a 1\n"))],
    ["huge", await serve("huge", (_, response) => response.end("# x\n".repeat(600_000)))],
    ["refusing", await serve("refusing", (_, response) => response.writeHead(500).end("a 1\n"))],
    ["reset", await serve("reset", (request) => request.socket.destroy())],
    ["gone", join(folder, "nobody")],
  ]);
  const { desk, scrape } = setUp({ privateListener: (invocation) => paths.get(invocation) ?? null });
  const instances = [...paths.keys(), "unlistened"].map((name, at) => {
    return makeInstance(`api@${at + 1}`, { invocation_id: name });
  });
  // The old generation of a handover comes first; the new one of the same name is not asked as well.
  instances.splice(1, 0, makeInstance("api@1", { invocation_id: "good2", phase: "starting" }));
  desk.units = [makeUnit("api", { instances })];
  const began = performance.now();
  const text = await scrape();
  expect(performance.now() - began).toBeLessThan(2500);
  const up = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) =>
    told(text, "supervisor_service_metrics_up", `unit="api",instance="api@${n}"`),
  );
  expect(up).toEqual([1, 1, 0, 0, 0, 0, 0, 0, undefined]);
  expect(told(text, "tasks_total", 'unit="api",instance="api@1",queue="a"')).toBe(3);
  expect(told(text, "tasks_total", 'unit="api",instance="api@2",queue="a"')).toBe(4);
  expect(told(text, "supervisor_service_metrics_dropped", 'unit="api",instance="api@1"')).toBe(3);
  expect(told(text, "supervisor_unit_active", 'unit="api"')).toBe(1);
  expect(told(text, "supervisor_unit_active", 'unit="api",instance="api@1"')).toBeUndefined();
  expect(told(text, "supervisor_service_metrics_dropped", 'unit="api",instance="api@3"')).toBe(0);
  expect(text.match(/# TYPE tasks /g)?.length).toBe(1);
});

test("a scrape on Deno is as sound, and leaves nothing open", async () => {
  const path = await serve("for-deno", (_, response) => response.end("tasks_total 3\n"));
  const silent = await serve("for-deno-silent", () => {});
  const script = join(import.meta.dirname, "fixtures/scrape.ts");
  const ran = await runToEnd(commandOf("deno", script, [path, silent]));
  const { text, fds } = JSON.parse(ran.stdout) as { text: string; fds: number };
  expect(told(text, "tasks_total", 'unit="api",instance="api@1"')).toBe(3);
  expect(told(text, "supervisor_service_metrics_up", 'unit="redis",instance="redis@1"')).toBe(0);
  expect(fds).toBeLessThanOrEqual(0);
}, 30_000);
