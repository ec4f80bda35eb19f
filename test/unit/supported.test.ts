import { expect, test } from "bun:test";
import { sections } from "../../supervisor/unit/schema.ts";
import { effective, notYet, unsupported } from "../../supervisor/unit/supported.ts";

test("every key of the schema is either effective or not yet, and neither list has another key", () => {
  const keys = Object.entries(sections).flatMap(([section, readers]) =>
    Object.keys(readers).map((key) => `${section}.${key}`),
  );
  expect([...effective, ...notYet].sort()).toEqual(keys.sort());
});

const refused = (document: unknown) => unsupported(document, sections, ["service.nice"]);

test("a key without effect is refused with its place, never ignored", () => {
  expect(refused({ service: { script: "a.ts", nice: 5 } })).toEqual([
    { path: ["service", "nice"], message: "not supported yet", code: "not-supported" },
  ]);
});

test("a key without effect may be set to what it is anyway", () => {
  const asIs = { unit: { enabled: true } };
  expect(unsupported(asIs, sections, ["unit.enabled"])).toEqual([]);
  expect(refused({ service: { script: "a.ts" } })).toEqual([]);
});
