import { expect, test } from "bun:test";
import { withReference } from "../../.ci/docs/unit-file.ts";
import { sections } from "../../supervisor/unit/schema.ts";
import { codes, readPage } from "./page.ts";

const { text, rows } = readPage("unit-file");

test("the tables of the unit file's page are what the schema makes of them", () => {
  expect(text).toBe(withReference(text));
});

test("the unit file's page names every key, once", () => {
  const told = rows.filter(({ head }) => head === "key").flatMap(({ cells: [keys = ""] }) => codes(keys));
  expect(told.toSorted()).toEqual(Object.values(sections).flatMap(Object.keys).sort());
});
