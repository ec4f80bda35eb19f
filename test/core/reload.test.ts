import { describe, expect, test } from "bun:test";
import { reloadRefusal } from "../../supervisor/core/reload.ts";
import type { Phase } from "../../supervisor/core/state.ts";
import type { Service } from "../../supervisor/unit/unit.ts";
import { makeUnit } from "../support/units.ts";
import { lifeAt, phases } from "./stages.ts";

const refusal = (service: Partial<Service>, ...tags: readonly Phase["tag"][]): string | null =>
  reloadRefusal({
    unit: makeUnit("api", { service }),
    target: tags.length,
    instances: tags.map((tag) => lifeAt(tag).state),
  });

describe("a reload", () => {
  const active: readonly Phase["tag"][] = ["starting", "running", "replacing", "soaking"];
  test.each(phases.map((tag) => [tag, active.includes(tag) ? null : "is not active"] as const))(
    "in %s is refused: %p",
    (tag, why) => {
      expect(refusal({}, tag)).toBe(why);
    },
  );

  test("is possible as soon as one instance is active", () => {
    expect(refusal({}, "failed", "running")).toBeNull();
  });

  test.each(["simple", "exec", "oneshot"] as const)(
    "by handover is refused for type %s, which never says READY",
    (type) => {
      const why = `a service of type "${type}" cannot say that it is ready; set type = "notify", a readiness probe with \`listener\`, or reload_mode = "restart"`;
      expect(refusal({ type }, "running")).toBe(why);
    },
  );

  test.each(["signal", "restart"] as const)("by %s needs no READY", (reloadMode) => {
    expect(refusal({ type: "simple", reloadMode }, "running")).toBeNull();
    expect(refusal({ type: "simple", reloadMode }, "inactive")).toBe("is not active");
  });
});
