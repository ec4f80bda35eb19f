import { randomBytes } from "node:crypto";

/**
 * Where something happens, in which trace. `spanId` is null in a trace that began where nobody records traces: its id is there
 * for the log, and goes to nobody else.
 * Shape: `{ traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", flags: 1 }`.
 */
export type Trace = Readonly<{ traceId: string; spanId: string | null; flags: number }>;

/** The fields by which a line of the log is found from a trace, and the other way round. */
export type TraceFields = Readonly<{ trace_id: string; span_id?: string }>;

/** `sampled` and `random`; others are to be zero. */
const KNOWN_FLAGS = 0b11;

const FORM = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/s;
const NO_SPAN = "0".repeat(16);

/**
 * Reads the header `traceparent` of a request. Null: there is none, or it is not one, and then it does not count.
 * Source: W3C Trace Context, level 2; what a later version adds at the end is left out, as it says.
 */
export function readTraceparent(header: string | null | undefined): Trace | null {
  const trace = readStored(header);
  return trace?.spanId ? trace : null;
}

/** Gives the header that goes out with a request; null: none does. */
export function traceparentOf(trace: Trace): string | null {
  return trace.spanId === null ? null : storedTrace(trace);
}

/** Begins a trace of which nobody records a span. */
export function newTrace(): Trace {
  return { traceId: randomBytes(16).toString("hex"), spanId: null, flags: 0 };
}

/** Writes a trace down with a task: as the header, or, without a span, with a parent of zeros, which is no valid header. */
export function storedTrace({ traceId, spanId, flags }: Trace): string {
  return `00-${traceId}-${spanId ?? NO_SPAN}-${flags.toString(16).padStart(2, "0")}`;
}

/** Reads what `storedTrace` wrote. Null: nothing was, or something else. */
export function readStored(text: string | null | undefined): Trace | null {
  const [, version, traceId = "", spanId = "", flags = "", more] = FORM.exec(text ?? "") ?? [];
  if (version === undefined || (version === "00" && more !== undefined)) return null;
  return { traceId, spanId: spanId === NO_SPAN ? null : spanId, flags: Number.parseInt(flags, 16) & KNOWN_FLAGS };
}

/** Gives what a line of the log says of where it belongs. */
export function traceFields({ traceId, spanId }: Trace): TraceFields {
  return { trace_id: traceId, ...(spanId !== null && { span_id: spanId }) };
}
