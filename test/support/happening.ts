import type { Happening } from "../../supervisor/daemon/ports.ts";

const nothing: Happening = {
  seq: 0,
  at: "2026-01-06T10:00:00.000Z",
  event: "service.active",
  unit: null,
  instance: null,
  invocation: null,
  generation: null,
  from: null,
  to: null,
  why: null,
  cause: null,
  duration_ms: null,
  pid: null,
};

/** A happening that says nothing but what the test gives. */
export function makeHappening(change: Partial<Happening> = {}): Happening {
  return { ...nothing, ...change };
}
