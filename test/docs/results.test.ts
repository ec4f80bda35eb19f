import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { withTable } from "../../.ci/docs/table.ts";
import { figures } from "../../bench/publish/figures.ts";
import { MARK, pages } from "../../bench/publish/readme.ts";
import { resultOf } from "../../bench/publish/results.ts";

test("the tables of results are what the results say", () => {
  for (const { path, table } of pages) {
    const page = readFileSync(path, "utf8");
    expect(page).toBe(withTable(page, MARK, table()));
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
  }
});

test("every figure is told in whole words: none is missing in its result", () => {
  for (const { bench, say } of figures) {
    const result = resultOf(bench);
    if (result) expect(`${bench}: ${say(result)}`).not.toMatch(/NaN|undefined|Infinity|: $/);
  }
});

test("every figure names a bench that there is", () => {
  const main = readFileSync(join(import.meta.dir, "../../bench/main.ts"), "utf8");
  for (const { bench } of figures) expect(main).toContain(`"./${bench}.ts"`);
});
