import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

type Value = Readonly<{ stringValue?: string; intValue?: number; doubleValue?: number; boolValue?: boolean }>;
type Pairs = readonly Readonly<{ key: string; value: Value }>[];
type Sent = Readonly<{
  resourceSpans: readonly Readonly<{
    resource: Readonly<{ attributes: Pairs }>;
    scopeSpans: readonly Readonly<{ spans: readonly Readonly<Record<string, unknown>>[] }>[];
  }>[];
}>;

/** A span as it came. `parentSpanId: null`: it has none. Source: OTLP, opentelemetry/proto/trace/v1/trace.proto. */
export type CollectedSpan = Readonly<{
  service: string;
  resource: Readonly<Record<string, unknown>>;
  traceId: string;
  spanId: string;
  parentSpanId: string | null;
  name: string;
  kind: "internal" | "server" | "client" | "producer" | "consumer";
  isError: boolean;
  message: string;
  attributes: Readonly<Record<string, unknown>>;
  durationMs: number;
}>;

const KINDS = ["internal", "internal", "server", "client", "producer", "consumer"] as const;

/** How it answers: takes everything, never answers, a byte now and then, or refuses. */
export type Manner = "takes" | "hangs" | "trickles" | "refuses";

/** Stands in for an OpenTelemetry collector: takes traces by OTLP over HTTP as JSON, and keeps the spans. */
export async function openCollector(manner: Manner = "takes") {
  const spans: CollectedSpan[] = [];
  const requests: Readonly<{ path: string; headers: IncomingHttpHeaders }>[] = [];
  const held = { manner };
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    requests.push({ path: request.url ?? "", headers: request.headers });
    if (held.manner === "hangs") return;
    if (held.manner === "refuses") return void response.writeHead(400).end("no");
    response.writeHead(200, { "content-type": "application/json" });
    if (held.manner === "trickles") {
      const writing = setInterval(() => response.write(" "), 5);
      response.once("close", () => clearInterval(writing));
      return;
    }
    spans.push(...spansOf(JSON.parse(body) as Sent));
    response.end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = () => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  };
  const behave = (next: Manner): void => {
    held.manner = next;
  };
  return { url, spans, requests, behave, close };
}

function spansOf(sent: Sent): readonly CollectedSpan[] {
  return sent.resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const about = valuesOf(resource.attributes);
    return scopeSpans.flatMap(({ spans }) => spans.map((span) => read(span, about)));
  });
}

function read(span: Readonly<Record<string, unknown>>, resource: CollectedSpan["resource"]): CollectedSpan {
  const { code, message = "" } = span.status as { code: number; message?: string };
  return {
    service: String(resource["service.name"]),
    resource,
    traceId: String(span.traceId),
    spanId: String(span.spanId),
    parentSpanId: span.parentSpanId === undefined ? null : String(span.parentSpanId),
    name: String(span.name),
    kind: KINDS[span.kind as number] ?? "internal",
    isError: code === 2,
    message,
    attributes: valuesOf(span.attributes as Pairs),
    durationMs: Number(BigInt(String(span.endTimeUnixNano)) - BigInt(String(span.startTimeUnixNano))) / 1e6,
  };
}

function valuesOf(pairs: Pairs): Readonly<Record<string, unknown>> {
  const one = ({ stringValue, intValue, doubleValue, boolValue }: Value) =>
    stringValue ?? boolValue ?? doubleValue ?? (intValue === undefined ? null : Number(intValue));
  return Object.fromEntries(pairs.map(({ key, value }) => [key, one(value)]));
}
