import { expect, test } from "bun:test";
import { graphOf, renderAscii, renderDot, renderMermaid } from "../../../supervisor/cli/render/graph.ts";
import { makeUnit } from "../../support/units.ts";

const units = [
  makeUnit("api", { requires: ["redis"], wants: ["cache", "end"], after: ["redis", "log"] }),
  makeUnit("end", { bindsTo: ["redis"], conflicts: ["web"] }),
  makeUnit("log", { before: ["redis"] }),
  makeUnit("redis"),
  makeUnit("web", { partOf: ["end"] }),
];

test("a unit is drawn with all that it needs, each kind by its name", () => {
  const graph = graphOf(units, []);
  expect(renderAscii(graph, [])).toBe(`\
api
├─ requires redis
│  └─ after log
├─ wants cache (no such unit)
├─ wants end
│  ├─ binds_to redis (see above)
│  └─ conflicts web
│     └─ part_of end (see above)
└─ after log
`);
});

test("the named units are drawn, and what they reach", () => {
  const graph = graphOf(units, ["redis"]);
  expect(graph).toEqual({
    nodes: ["log", "redis"],
    edges: [{ from: "redis", to: "log", kind: "after", isKnown: true }],
  });
  expect(renderAscii(graph, ["redis"])).toBe("redis\n└─ after log\n");
  expect(renderAscii(graphOf(units, ["log"]), ["log"])).toBe("log\n");
});

test("a ring ends", () => {
  const ring = [makeUnit("a", { requires: ["b"], before: ["b"] }), makeUnit("b")];
  expect(renderAscii(graphOf(ring, []), [])).toBe("a\n└─ requires b\n   └─ after a (see above)\n");
});

test("mermaid: no name can be taken for a word of the language", () => {
  expect(renderMermaid(graphOf(units, ["end"]))).toBe(`\
flowchart LR
  n0["end"]
  n1["log"]
  n2["redis"]
  n3["web"]
  n0 ==>|binds_to| n2
  n0 x--x|conflicts| n3
  n2 -.->|after| n1
  n3 -->|part_of| n0
`);
});

test("dot: each kind has a label and a line of its own", () => {
  expect(renderDot(graphOf(units, ["api"]))).toContain('  "api" -> "redis" [label="requires", style=bold];\n');
  expect(renderDot(graphOf([makeUnit("a", { wants: ["b"] })], []))).toBe(`\
digraph units {
  rankdir=LR;
  "a";
  "b";
  "a" -> "b" [label="wants", style=solid];
}
`);
});
