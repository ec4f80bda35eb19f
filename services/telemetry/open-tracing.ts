import type { OtlpOptions } from "./otlp.ts";
import { plainTracing, type Tracing } from "./tracing.ts";

/**
 * Records for a collector, if there is one.
 * Why by a dynamic import: OpenTelemetry takes about as long to load as all the rest of a service, and most have no collector.
 */
export async function openTracing(options: Omit<OtlpOptions, "endpoint">, endpoint?: string): Promise<Tracing> {
  if (endpoint === undefined) return plainTracing;
  const { otlpTracing } = await import("./otlp.ts");
  return otlpTracing({ ...options, endpoint });
}
