import { hostname } from "node:os";
import * as otel from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import {
  defaultResource,
  detectResources,
  type Resource,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
} from "@opentelemetry/resources";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import type { Trace } from "./trace.ts";
import type { Attributes, Span, SpanKind, Tracing } from "./tracing.ts";
import { WatchedExporter } from "./watched-exporter.ts";

/** Who records. `name`: as configured, else null, and then `OTEL_RESOURCE_ATTRIBUTES` may say it, or the role does. */
export type Recorder = Readonly<{ name: string | null; role: string; version: string; instance: string }>;

export type OtlpOptions = Readonly<{
  /** Where the collector is, less the path of the signal. Shape: `http://127.0.0.1:4318`. */
  endpoint: string;
  recorder: Recorder;
  /** Told when the collector ceases to take spans, and (null) when it takes them again. */
  told: (error: Error | null) => void;
  /** How long a batch may take. */
  exportLimitMs?: number;
}>;

/** Source: OpenTelemetry, "OTLP exporter configuration". */
const EXPORT_LIMIT_MS = 10_000;

/** So many ended spans wait to be sent; more are dropped. One takes about 1 KiB. */
const MOST_WAITING = 2_048;

/** How long a span waits for others to be sent with. */
const BATCH_MS = 1_000;

/** A path is as long as a client makes it. */
const LONGEST_TEXT = 1_024;

const KIND = {
  server: otel.SpanKind.SERVER,
  client: otel.SpanKind.CLIENT,
  producer: otel.SpanKind.PRODUCER,
  consumer: otel.SpanKind.CONSUMER,
} as const satisfies Record<SpanKind, otel.SpanKind>;

/**
 * Records with OpenTelemetry, and sends to a collector in the background, by OTLP over HTTP as JSON. Whether a trace is recorded
 * is the word of who began it; those that begin here are. `OTEL_EXPORTER_OTLP_HEADERS`, `…_COMPRESSION` and `…_CERTIFICATE` are
 * heeded, and `OTEL_RESOURCE_ATTRIBUTES`.
 * Errors: none; a collector that is away, or slow, costs spans, and they are counted.
 */
export function otlpTracing({ endpoint, recorder, told, exportLimitMs = EXPORT_LIMIT_MS }: OtlpOptions): Tracing {
  const counts = { ended: 0, exported: 0, dropped: 0 };
  let isFailing = false;
  const sent = (spans: number, error: Error | null): void => {
    counts[error ? "dropped" : "exported"] += spans;
    if (isFailing === (error !== null)) return;
    isFailing = error !== null;
    told(error);
  };
  const refused = (spans: number): void => {
    counts.dropped += spans;
  };
  const url = `${endpoint.replace(/\/+$/, "")}/v1/traces`;
  const otlp = new OTLPTraceExporter({ url, timeoutMillis: exportLimitMs });
  const exporter = new WatchedExporter(otlp, { limitMs: exportLimitMs, sent });
  const processor = new BatchSpanProcessor({
    exporter,
    maxQueueSize: MOST_WAITING,
    scheduledDelayMillis: BATCH_MS,
    exportTimeoutMillis: 2 * exportLimitMs,
    selfObsMeterProvider: { getMeter: () => meterOfRefusals(refused) },
  });
  const spanLimits = { attributeValueLengthLimit: LONGEST_TEXT };
  const provider = new TracerProvider({ resource: resourceOf(recorder), spanProcessors: [processor], spanLimits });
  const tracer = provider.getTracer("supervisor/services", recorder.version);
  const ended = () => counts.ended++;
  const flush = () => processor.forceFlush().finally(() => exporter.forceFlush());
  return {
    begin(kind, about) {
      const { name, parent, attributes } = about();
      return new RecordedSpan({ tracer, ended }, contextOf(parent), { kind, name, attributes });
    },
    counts: () => ({ exported: counts.exported, dropped: counts.dropped }),
    async close(limitMs) {
      await within(flush(), limitMs);
      return counts.ended - counts.exported - counts.dropped;
    },
  };
}

function resourceOf({ name, role, version, instance }: Recorder): Resource {
  const ours = {
    "service.name": role,
    "service.version": version,
    "service.instance.id": instance,
    "host.name": hostname(),
    "process.pid": process.pid,
  };
  return defaultResource()
    .merge(resourceFromAttributes(ours))
    .merge(detectResources({ detectors: [resourceAttributesEnvDetector] }))
    .merge(resourceFromAttributes(name === null ? {} : { "service.name": name }));
}

/** A trace without a span cannot be gone on with: it was begun where nobody records. */
function contextOf(parent: Trace | null): otel.Context {
  if (parent === null || parent.spanId === null) return otel.ROOT_CONTEXT;
  const { traceId, spanId, flags } = parent;
  return otel.trace.setSpanContext(otel.ROOT_CONTEXT, { traceId, spanId, traceFlags: flags, isRemote: true });
}

/** Counts what the processor has no room for; what it sends is seen by the exporter. */
function meterOfRefusals(refused: (spans: number) => void): otel.Meter {
  const createCounter = () => ({
    add(spans: number, attributes?: otel.Attributes): void {
      if (attributes?.["error.type"] === "queue_full") refused(spans);
    },
  });
  return Object.assign(Object.create(otel.createNoopMeter()), { createCounter });
}

/** Waits for the work or for the limit; that it fails is known from its batches. */
async function within(work: Promise<unknown>, limitMs: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  await Promise.race([work.catch(() => undefined), limit]);
  clearTimeout(timer);
}

type Recording = Readonly<{ tracer: otel.Tracer; ended: () => void }>;
type Facts = Readonly<{ kind: SpanKind; name: string; attributes: Attributes | undefined }>;

class RecordedSpan implements Span {
  readonly #recording: Recording;
  readonly #span: otel.Span;

  constructor(recording: Recording, parent: otel.Context, { kind, name, attributes = {} }: Facts) {
    this.#recording = recording;
    this.#span = recording.tracer.startSpan(name, { kind: KIND[kind], attributes }, parent);
  }

  get trace(): Trace {
    const { traceId, spanId, traceFlags } = this.#span.spanContext();
    return { traceId, spanId, flags: traceFlags };
  }

  child(kind: SpanKind, name: string, attributes?: Attributes): Span {
    const below = otel.trace.setSpan(otel.ROOT_CONTEXT, this.#span);
    return new RecordedSpan(this.#recording, below, { kind, name, attributes });
  }

  set(attributes: Attributes): void {
    this.#span.setAttributes(attributes);
  }

  failed(type: string, message = ""): void {
    this.#span.setAttribute("error.type", type);
    this.#span.setStatus({ code: otel.SpanStatusCode.ERROR, message: message.slice(0, LONGEST_TEXT) });
  }

  end(): void {
    if (this.#span.isRecording()) this.#recording.ended();
    this.#span.end();
  }
}
