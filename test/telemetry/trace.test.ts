import { expect, test } from "bun:test";
import {
  newTrace,
  readStored,
  readTraceparent,
  storedTrace,
  type Trace,
  traceFields,
  traceparentOf,
} from "../../services/telemetry/trace.ts";
import { plainTracing } from "../../services/telemetry/tracing.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const spanId = "b7ad6b7169203331";
const trace = (flags: number): Trace => ({ traceId, spanId, flags });

test.each([
  [`00-${traceId}-${spanId}-01`, trace(1)],
  [`00-${traceId}-${spanId}-00`, trace(0)],
  [`00-${traceId}-${spanId}-03`, trace(3)],
  // Bits that nobody has given a meaning are not passed on.
  [`00-${traceId}-${spanId}-ff`, trace(3)],
  // A later version may have more behind it; the first has not.
  [`cc-${traceId}-${spanId}-01`, trace(1)],
  [`cc-${traceId}-${spanId}-01-what-the-future-holds`, trace(1)],
  [`00-${traceId}-${spanId}-01-more`, null],
  [`cc-${traceId}-${spanId}-01.more`, null],
  [`ff-${traceId}-${spanId}-01`, null],
  [`00-${"0".repeat(32)}-${spanId}-01`, null],
  [`00-${traceId}-${"0".repeat(16)}-01`, null],
  [`00-${traceId.toUpperCase()}-${spanId}-01`, null],
  [`00-${traceId.slice(1)}-${spanId}-01`, null],
  [` 00-${traceId}-${spanId}-01`, null],
  [`00-${traceId}-${spanId}-01\n`, null],
  ["", null],
  [undefined, null],
])("the header %j is read as the standard says", (header, expected) => {
  expect(readTraceparent(header)).toEqual(expected);
});

test("a trace without a span is stored with a task and found in the log, and goes out with no request", () => {
  const own = newTrace();
  expect(own).toEqual({ traceId: expect.stringMatching(/^[0-9a-f]{32}$/), spanId: null, flags: 0 });
  expect(newTrace().traceId).not.toBe(own.traceId);
  expect(storedTrace(own)).toBe(`00-${own.traceId}-0000000000000000-00`);
  expect(readStored(storedTrace(own))).toEqual(own);
  expect(readTraceparent(storedTrace(own))).toBeNull();
  expect(traceparentOf(own)).toBeNull();
  expect(traceFields(own)).toEqual({ trace_id: own.traceId });
});

test("a trace with a span is the same in the header, with a task and in the log", () => {
  const header = `00-${traceId}-${spanId}-01`;
  expect(traceparentOf(trace(1))).toBe(header);
  expect(storedTrace(trace(1))).toBe(header);
  expect(readStored(header)).toEqual(trace(1));
  expect(traceFields(trace(1))).toEqual({ trace_id: traceId, span_id: spanId });
});

test("where nobody records, a request and all that is done for it are in its caller's trace, or in one of its own", () => {
  const below = plainTracing.begin("server", () => ({ name: "GET /", parent: trace(1) })).child("client", "ask");
  expect(below.trace).toEqual(trace(1));
  const first = plainTracing.begin("server", () => ({ name: "GET /", parent: null }));
  expect(first.child("producer", "enqueue").trace).toBe(first.trace);
});
