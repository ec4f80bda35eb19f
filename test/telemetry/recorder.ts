import type { Trace } from "../../services/telemetry/trace.ts";
import type { Attributes, Beginning, Span, SpanKind, Tracing } from "../../services/telemetry/tracing.ts";

/** A span as it was recorded. `parent`: the id of the span above it; null: it begins a trace. */
export type Recorded = {
  kind: SpanKind;
  name: string;
  id: string;
  parent: string | null;
  attributes: Attributes;
  failure: Readonly<{ type: string; message: string | undefined }> | null;
  isEnded: boolean;
};

/** Records spans in memory, in the order in which they begin. Their ids count up from 1. */
export function recordingTracing(): Tracing & Readonly<{ spans: readonly Recorded[] }> {
  const spans: Recorded[] = [];
  const record = (kind: SpanKind, { name, parent, attributes = {} }: Beginning): Span => {
    const id = String(spans.length + 1).padStart(16, "0");
    const trace: Trace = { traceId: parent?.traceId ?? "a".repeat(32), spanId: id, flags: 1 };
    const span: Recorded = {
      kind,
      name,
      id,
      parent: parent?.spanId ?? null,
      attributes,
      failure: null,
      isEnded: false,
    };
    spans.push(span);
    return {
      trace,
      child: (childKind, childName, more) =>
        record(childKind, { name: childName, parent: trace, attributes: more ?? {} }),
      set(more) {
        span.attributes = { ...span.attributes, ...more };
      },
      failed(type, message) {
        span.failure = { type, message };
      },
      end() {
        span.isEnded = true;
      },
    };
  };
  return { spans, begin: (kind, about) => record(kind, about()), counts: () => null, close: async () => 0 };
}
