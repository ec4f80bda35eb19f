import { expect, test } from "bun:test";
import { createGraph } from "../../supervisor/core/graph.ts";
import { makeUnit } from "../support/units.ts";

const none = { requires: [], bindsTo: [], conflicts: [], after: [], successors: [], ancestors: [] };

test("a graph knows who goes before, who goes after, who is required, and who cannot be beside whom", () => {
  const graph = createGraph([
    makeUnit("redis", { before: ["log"] }),
    makeUnit("api", { requires: ["redis"], wants: ["log"] }),
    makeUnit("log", { conflicts: ["old"] }),
    makeUnit("side", { bindsTo: ["api"], partOf: ["redis"] }),
    makeUnit("old"),
  ]);
  expect(Object.fromEntries(graph)).toEqual({
    redis: { ...none, successors: ["api", "log"], watchers: ["redis", "api", "log", "side"] },
    api: {
      ...none,
      requires: ["redis"],
      after: ["redis", "log"],
      successors: ["side"],
      ancestors: ["redis", "log"],
      watchers: ["redis", "api", "log", "side"],
    },
    log: {
      ...none,
      after: ["redis"],
      successors: ["api"],
      ancestors: ["redis"],
      conflicts: ["old"],
      watchers: ["redis", "api", "log", "side", "old"],
    },
    side: {
      ...none,
      requires: ["api"],
      bindsTo: ["api"],
      after: ["api"],
      ancestors: ["api", "redis", "log"],
      watchers: ["api", "side"],
    },
    old: { ...none, conflicts: ["log"], watchers: ["log", "old"] },
  });
});

test("units that are not there are left out", () => {
  const graph = createGraph([
    makeUnit("api", { requires: ["ghost"], bindsTo: ["ghoul"], conflicts: ["imp"], after: ["spirit"] }),
  ]);
  expect(graph.get("api")).toEqual({ ...none, watchers: ["api"] });
});
