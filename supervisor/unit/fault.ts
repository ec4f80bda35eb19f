/**
 * An expected failure, as a value. Exceptions are bugs; whatever can go wrong in the field is a Fault.
 *
 * Shape: `{ code: "unit-invalid", message: "restart: must be one of …", at: { file: "units/api.toml", line: 7, key: "service.restart" } }`
 */
export type Fault = Readonly<{
  code: FaultCode;
  /** One sentence that names the thing. */
  message: string;
  /** `later`: the same request may succeed another time without a change by the user. */
  retry: "never" | "later";
  unit?: string;
  at?: Place;
}>;

/** The closed list of codes. They are API: never reused, never renamed. */
export type FaultCode =
  | "unit-invalid"
  | "unit-unknown"
  | "unit-required"
  | "dependency-cycle"
  | "placeholder-missing"
  | "listener-busy"
  | "listener-failed"
  | "spawn-failed"
  | "credential-failed"
  | "handover-kept-old"
  | "start-failed"
  | "timed-out"
  | "request-invalid"
  | "shutting-down"
  | "release-unknown"
  | "release-bad"
  | "release-busy"
  | "not-supported";

/** Where in a file a fault stands. Units: 1-based line. Shape: key is the dotted path, `service.restart`. */
export type Place = Readonly<{ file: string; line?: number; key?: string }>;

/** A value, or every fault found on the way to it. */
export type Outcome<T> =
  | Readonly<{ ok: true; value: T }>
  | Readonly<{ ok: false; faults: readonly [Fault, ...Fault[]] }>;

export const ok = <T>(value: T): Outcome<T> => ({ ok: true, value });

export const fail = (first: Fault, ...rest: Fault[]): Outcome<never> => ({ ok: false, faults: [first, ...rest] });

/** Renders a fault for people: `file:line: key: message`, with what is known of the place. */
export function faultLine(fault: Fault): string {
  const { at, message } = fault;
  if (!at) return message;
  const place = at.line === undefined ? at.file : `${at.file}:${at.line}`;
  return at.key === undefined ? `${place}: ${message}` : `${place}: ${at.key}: ${message}`;
}

/** Marks a branch that the types prove impossible; reaching it is a bug. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
