import { expect, test } from "bun:test";
import { createGraph } from "../../supervisor/core/graph.ts";
import { makeUnit } from "../support/units.ts";

test("a graph knows who goes before, who goes after, and who is required", () => {
  const graph = createGraph([
    makeUnit("redis", { before: ["log"] }),
    makeUnit("api", { requires: ["redis"], wants: ["log"] }),
    makeUnit("log"),
  ]);
  expect(Object.fromEntries(graph)).toEqual({
    redis: { requires: [], after: [], successors: ["api", "log"] },
    api: { requires: ["redis"], after: ["redis", "log"], successors: [] },
    log: { requires: [], after: ["redis"], successors: ["api"] },
  });
});

test("units that are not there are left out", () => {
  const graph = createGraph([makeUnit("api", { requires: ["ghost"], after: ["spirit"] })]);
  expect(graph.get("api")).toEqual({ requires: [], after: [], successors: [] });
});
