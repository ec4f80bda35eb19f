import { expect, test } from "bun:test";
import { refusals } from "../../supervisor/daemon/refusals.ts";
import type { Fault } from "../../supervisor/unit/fault.ts";
import { makeUnit } from "../support/units.ts";

const units = [
  makeUnit("api", { service: { config: ["api", "queue"] } }),
  makeUnit("worker", { service: { config: ["queue"] } }),
];
const fault = (key: string, unit?: string): Fault => ({
  ...{ code: "unit-invalid", message: "no", retry: "never" },
  at: { file: "f", line: 1, key },
  ...(unit !== undefined && { unit }),
});

test.each([
  [fault("service.script", "web"), ["web"]],
  [fault("queue.url"), ["api", "worker"]],
  [fault("api.port"), ["api"]],
  [fault("telemetry.log_level"), [null]],
  [{ code: "listener-failed", message: "no", retry: "later" } satisfies Fault, [null]],
])("%j is told to %j", (one, whom) => {
  expect(refusals([one], units).map(({ unit, event }) => [unit, event])).toEqual(
    whom.map((unit) => [unit, "config.refused"]),
  );
});
