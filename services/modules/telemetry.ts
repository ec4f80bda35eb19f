import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import type { Config } from "../../config/schema.ts";
import { runtimeName } from "../kit/health.ts";
import type { Guarded } from "../queue/circuit.ts";
import { circuitLook } from "../telemetry/circuit-look.ts";
import { plain } from "../telemetry/family.ts";
import { Metrics } from "../telemetry/metrics.ts";
import { openTracing } from "../telemetry/open-tracing.ts";
import { queueLook } from "../telemetry/queue-look.ts";
import type { SpanCounts, Tracing } from "../telemetry/tracing.ts";
import { buildInfo } from "./build-info.ts";
import type { Mode } from "./command.ts";

/** How a process is watched from outside. */
export type Telemetry = Readonly<{ metrics: Metrics; tracing: Tracing }>;

type Order = Guarded & Readonly<{ mode: Mode; config: Config["telemetry"]; log: Logger }>;

/** Opens what every process of a service has: its metrics, and its traces, which go to a collector when one is configured. */
export async function openTelemetry({ mode, config, queue, circuit, log }: Order): Promise<Telemetry> {
  const { env, versions } = process;
  const { version, commit } = buildInfo(env);
  const metrics = new Metrics();
  const build = { mode, version, commit: commit ?? "unknown", runtime: runtimeName(versions) };
  metrics.info("service_build", "What runs here.", build);
  metrics.look("queue", queueLook(queue));
  metrics.look("circuit", circuitLook(circuit));
  const { otlp_endpoint, service_name = null } = config;
  const recorder = { name: service_name, role: mode, version, instance: env.INVOCATION_ID ?? randomUUID() };
  const told = (error: Error | null): void => {
    if (error)
      log.warn({ event: "telemetry.failing", err: error }, "the collector does not take spans: they are dropped");
    else log.info({ event: "telemetry.recovered" });
  };
  const tracing = await openTracing({ recorder, told }, otlp_endpoint);
  metrics.look("telemetry", async () => spanFamilies(tracing.counts()));
  return { metrics, tracing };
}

function spanFamilies(counts: SpanCounts | null) {
  if (counts === null) return [];
  const samples = (["exported", "dropped"] as const).map((result) => plain("counter", { result }, counts[result]));
  return [{ name: "telemetry_spans", type: "counter", help: "Spans by what became of them.", samples } as const];
}
