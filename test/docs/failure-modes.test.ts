import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { codes, readPage } from "./page.ts";

const project = join(import.meta.dirname, "../..");
const { rows } = readPage("failure-modes");
const modes = rows.filter(({ head }) => head === "mode");
const upTo = (letter: string, count: number) => Array.from({ length: count }, (_, at) => `${letter}${at + 1}`);

test("every known failure mode has its row, once and in order", () => {
  const named = modes.map(({ cells: [mode = ""] }) => mode);
  expect(named).toEqual([...upTo("A", 19), ...upTo("B", 28), ...upTo("C", 15)]);
});

test("every row names the tests that bear its number, or says why there is none", () => {
  const untrue = modes.flatMap(({ cells: [mode = "", , holds = "", tests = ""] }) => {
    const files = codes(tests);
    if (files.length === 0)
      return holds.includes("annot happen") || holds.includes("Not served") ? [] : [`${mode}: no test`];
    return files.filter((file) => !bears(file, mode)).map((file) => `${mode}: ${file}`);
  });
  expect(untrue).toEqual([]);
});

/** Shape: `test("A7: …"`, `` test(`B6, G11: …` ``, `promise: "A3: …"`. */
function bears(file: string, mode: string): boolean {
  const text = readFileSync(join(project, file), "utf8");
  return new RegExp(`["\`][^"\`\\n]{0,40}\\b${mode}\\b[^"\`\\n]{0,40}:`).test(text);
}
