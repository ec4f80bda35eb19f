import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CollectedSpan, openCollector } from "../support/collector.ts";
import { openTarget } from "../tasks/fixtures/target.ts";
import { apiUrl, CLOSE, settled, startService } from "./api-client.ts";
import { Program, runScript, runtimes } from "./program.ts";

setDefaultTimeout(60_000);

const ROOT = new URL("../..", import.meta.url).pathname;

/** The target of the webhooks is on this machine. */
const ALLOWED = "worker.webhook_reach=any";

let cwd: string;
let target: Awaited<ReturnType<typeof openTarget>>;
let programs: Program[];
beforeEach(async () => {
  cwd = mkdtempSync(join(tmpdir(), "trace-"));
  target = await openTarget();
  programs = [];
});
afterEach(async () => {
  for (const program of programs) program.child.kill("SIGKILL");
  await Promise.all(programs.map(({ exited }) => exited));
  await target.close();
  rmSync(cwd, { recursive: true });
});

const started = (program: Program): Program => {
  programs.push(program);
  return program;
};

const traceId = "0af7651916cd43dd8448eb211c80319c";
const caller = `00-${traceId}-b7ad6b7169203331-01`;

/** Has a webhook delivered to `/STATUS` of the target. Answers with the task's id. */
async function deliver(url: string, status: number, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  const body = JSON.stringify({
    type: "webhook.deliver",
    payload: { url: `${target.url}/${status}?token=hush`, body: {} },
  });
  const answer = await fetch(`${url}/tasks`, { method: "POST", body, headers: { ...CLOSE, ...headers } });
  return ((await answer.json()) as { id: string }).id;
}

/** The line that a service wrote of this event and task. */
async function line(program: Program, event: string, task: string): Promise<Readonly<Record<string, unknown>>> {
  const [text] = await program.prints(new RegExp(`^.*"event":"${event}","task":"${task}".*$`, "m"));
  return JSON.parse(text) as Readonly<Record<string, unknown>>;
}

describe.each(runtimes)("on %s", (runtime) => {
  test("a request, its task, each attempt and each delivery are one trace over two processes", async () => {
    const collector = await openCollector();
    const names = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_SERVICE_NAME: "front" };
    const environment = { ...names, OTEL_EXPORTER_OTLP_HEADERS: "x-token=a%20b" };
    const settings = [ALLOWED, "telemetry.log_level=debug", "queue.backoff_base_ms=0", "queue.max_attempts=2"];
    const api = started(startService({ runtime, mode: "api", cwd, settings, environment }));
    const own = [...settings, `telemetry.otlp_endpoint=${collector.url}/`];
    const resource = { OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test" };
    const worker = started(startService({ runtime, mode: "worker", cwd, settings: own, environment: resource }));
    const url = await apiUrl(api);
    const id = await deliver(url, 503, { traceparent: caller });
    await settled(url, id, "dead");
    const failed = await line(worker, "task.failed", id);
    for (const program of [api, worker]) expect(await program.end("SIGTERM")).toBe(0);

    const spans = collector.spans.filter((span) => span.traceId === traceId);
    const below = (parent: string | undefined) => spans.filter(({ parentSpanId }) => parentSpanId === parent);
    const [server, ...others] = below("b7ad6b7169203331");
    const [producer] = below(server?.spanId);
    const consumers = below(producer?.spanId);
    const clients = consumers.flatMap(({ spanId }) => below(spanId));
    expect([spans.length, others.length]).toEqual([6, 0]);
    expect([server, producer, ...consumers, ...clients].map(shape)).toEqual([
      ["front", "server", "POST /tasks", false],
      ["front", "producer", "enqueue webhook.deliver", false],
      ["worker", "consumer", "process webhook.deliver", true],
      ["worker", "consumer", "process webhook.deliver", true],
      ["worker", "client", "POST", true],
      ["worker", "client", "POST", true],
    ]);
    expect(server?.attributes).toMatchObject({ "http.route": "/tasks", "http.response.status_code": 202 });
    expect(producer?.attributes).toMatchObject({ "messaging.message.id": id, "messaging.system": "sqlite" });
    expect(consumers.map(({ attributes }) => attributes["task.attempt"])).toEqual([1, 2]);
    expect(consumers[0]?.attributes).toMatchObject({ "task.outcome": "failed", "error.type": "http-status" });
    expect(clients[0]?.attributes).toMatchObject({ "http.response.status_code": 503, "url.full": `${target.url}/503` });
    expect(consumers[0]?.resource).toMatchObject({ "deployment.environment.name": "test" });
    expect(target.deliveries.map(({ headers }) => headers.traceparent)).toEqual(
      clients.map(({ spanId }) => `00-${traceId}-${spanId}-01`),
    );
    expect(failed).toMatchObject({ trace_id: traceId, span_id: consumers[0]?.spanId });
    expect(collector.requests.map(({ headers }) => headers["x-token"])).toContain("a b");
    // Those who ask for tasks are recorded, those who ask after health are not.
    expect(new Set(collector.spans.map(({ name }) => name))).toContain("GET /tasks/:id");
    await collector.close();
  });

  test("a collector that never answers holds up no request, and no end for longer than it may", async () => {
    const collector = await openCollector("hangs");
    const settings = [ALLOWED, "queue.url=memory:", `telemetry.otlp_endpoint=${collector.url}`];
    const service = started(startService({ runtime, mode: "all-in-one", cwd, settings }));
    const url = await apiUrl(service);
    await settled(url, await deliver(url, 204));
    const metrics = await (await fetch(`${url}/metrics`, { headers: CLOSE })).text();
    expect(metrics).toContain('telemetry_spans_total{result="dropped"} 0\n');
    expect(await service.end("SIGTERM", 5_000)).toBe(0);
    expect(service.stdout).toMatch(/"event":"telemetry\.lost","spans":[1-9]/);
    expect(service.stderr).toBe("");
    await collector.close();
  });

  test("without a collector OpenTelemetry is not loaded, the caller's trace goes on, and lines of the log have one", async () => {
    copyWithout("@opentelemetry");
    const script = [join(cwd, "services/main.ts"), "run", "all-in-one", "--set", "api.port=0"] as const;
    const settings = ["--set", ALLOWED, "--set", "queue.url=memory:", "--set", "telemetry.log_level=debug"];
    const service = started(new Program({ runtime, script: [...script, ...settings], cwd }));
    const url = await apiUrl(service);
    const [with_, without] = [await deliver(url, 204, { traceparent: caller }), await deliver(url, 204)];
    expect(await line(service, "task.done", with_)).toMatchObject({ trace_id: traceId, span_id: "b7ad6b7169203331" });
    const { trace_id, span_id } = await line(service, "task.done", without);
    expect([trace_id, span_id]).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/), undefined]);
    expect(target.deliveries.map(({ headers }) => headers.traceparent)).toEqual([caller, undefined]);
    expect(await service.end("SIGTERM")).toBe(0);

    // That it is missed when it is asked for shows that it was not there.
    const asking = [...script, "--set", "telemetry.otlp_endpoint=http://127.0.0.1:9"] as const;
    const { code, stderr } = await runScript({ runtime, script: asking, cwd });
    expect([code, stderr]).toEqual([1, expect.stringContaining("@opentelemetry/")]);
  });
});

const shape = (span: CollectedSpan | undefined) => [span?.service, span?.kind, span?.name, span?.isError];

/** Copies what a service needs of the project, with every package but those of one scope. */
function copyWithout(scope: string): void {
  for (const part of ["services", "config", "supervisor/unit", "package.json", "deno.json"]) {
    cpSync(join(ROOT, part), join(cwd, part), { recursive: true });
  }
  mkdirSync(join(cwd, "node_modules"));
  for (const name of readdirSync(join(ROOT, "node_modules")).filter((name) => name !== scope)) {
    symlinkSync(join(ROOT, "node_modules", name), join(cwd, "node_modules", name));
  }
}
