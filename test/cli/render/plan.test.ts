import { expect, test } from "bun:test";
import { renderPlan } from "../../../supervisor/cli/render/plan.ts";
import type { Plan } from "../../../supervisor/unit/plan.ts";

const nothing: Plan["config"] = { action: "nothing", keys: [], reason: null };

test("what changes has a line each, what does not has none", () => {
  const units: Plan["units"] = [
    { unit: "api", action: "handover", keys: ["service.nice", "service.args"], reason: null },
    { unit: "db", action: "nothing", keys: [], reason: null },
    { unit: "redis", action: "start", keys: ["unit.enabled"], reason: "needed by api" },
  ];
  const config: Plan["config"] = { action: "live", keys: ["api.port"], reason: null };
  expect(renderPlan({ units, config }, Infinity)).toBe(
    [
      "api      handover  service.nice, service.args",
      "redis    start     needed by api, unit.enabled",
      "config/  live      api.port",
      "",
    ].join("\n"),
  );
  expect(renderPlan({ units, config: nothing }, 16).split("\n")[0]?.length).toBe(16);
});

test("a plan that does nothing is nothing", () => {
  expect(renderPlan({ units: [{ unit: "a", action: "nothing", keys: [], reason: null }], config: nothing }, 80)).toBe(
    "",
  );
});
