import { newTrace, type Trace } from "./trace.ts";

/** Source: OpenTelemetry's trace API. `producer`: puts a task into the queue; `consumer`: works on it. */
export type SpanKind = "server" | "client" | "producer" | "consumer";

/** Names are those of OpenTelemetry's semantic conventions where they have one. Shape: `{ "http.route": "/tasks" }`. */
export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** One piece of work within a trace. */
export interface Span {
  /** What lines of the log name, and requests that are made for it carry. */
  readonly trace: Trace;
  /** Begins a piece of this piece. */
  child(kind: SpanKind, name: string, attributes?: Attributes): Span;
  set(attributes: Attributes): void;
  /** Says that it went wrong. Shape of `type`: one of few words, `500` or `timed-out`. */
  failed(type: string, message?: string): void;
  end(): void;
}

/** What became of spans since the process began. `dropped`: the outbox was full, or the collector took them not, or not in time. */
export type SpanCounts = Readonly<{ exported: number; dropped: number }>;

/** What a span begins with. `parent`: somebody else's span; null: it begins a trace. */
export type Beginning = Readonly<{ name: string; parent: Trace | null; attributes?: Attributes }>;

/** How a service records what it does. */
export interface Tracing {
  /** Begins a span that is nobody's child here. `about` is asked when it is wanted, which without a collector it seldom is. */
  begin(kind: SpanKind, about: () => Beginning): Span;
  /** Null: nothing is recorded here. */
  counts(): SpanCounts | null;
  /** Sends what is left, within `limitMs`. Answers with how many spans were not taken by then. */
  close(limitMs: number): Promise<number>;
}

/** Records nothing: whatever happens belongs to the caller's span, or to a trace that is only an id. */
export const plainTracing: Tracing = {
  begin: (_kind, about) => new PlainSpan(about),
  counts: () => null,
  close: async () => 0,
};

class PlainSpan implements Span {
  readonly #about: () => Beginning;
  #trace: Trace | null = null;

  constructor(about: () => Beginning) {
    this.#about = about;
  }

  /** Read, or made, when somebody asks: most requests neither fail nor store anything. */
  get trace(): Trace {
    this.#trace ??= this.#about().parent ?? newTrace();
    return this.#trace;
  }

  child(): Span {
    return this;
  }

  set(): void {}

  failed(): void {}

  end(): void {}
}
