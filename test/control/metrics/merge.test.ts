import { expect, test } from "bun:test";
import { parseExposition } from "../../../supervisor/control/metrics/exposition.ts";
import { renderFamilies } from "../../../supervisor/control/metrics/family.ts";
import { mergeFamilies } from "../../../supervisor/control/metrics/merge.ts";
import { readOpenMetrics } from "../../support/openmetrics.ts";

function merge(...texts: readonly string[]): readonly [string, readonly number[]] {
  const sources = texts.map((text, at) => {
    return { families: parseExposition(text).families, labels: [["unit", `u${at + 1}`]] as const };
  });
  const { families, dropped } = mergeFamilies(sources);
  const out = renderFamilies(families);
  readOpenMetrics(`${out}# EOF\n`);
  return [out, dropped];
}

test("families of one name become one, each sample with its source", () => {
  const text = "# TYPE a counter\n# HELP a First.\na_total 1\n";
  expect(merge(text, text.replace("First", "Second"))).toEqual([
    '# TYPE a counter\n# HELP a First.\na_total{unit="u1"} 1\na_total{unit="u2"} 1\n',
    [0, 0],
  ]);
});

test("a family of another type is dropped and counted for whom it came from", () => {
  expect(merge("# TYPE a gauge\na 1\n", "# TYPE a counter\na_total 1\na_created 2\n")).toEqual([
    '# TYPE a gauge\na{unit="u1"} 1\n',
    [0, 2],
  ]);
});

test("a family whose samples would be named as another's is dropped", () => {
  expect(merge("# TYPE a counter\na_total 1\n", "a_total 1\n")[1]).toEqual([0, 1]);
  expect(merge("a_count 1\n", "# TYPE a summary\na_count 1\n")[1]).toEqual([0, 1]);
});

test("a service's own label of our name is kept beside ours", () => {
  expect(merge('a{unit="x",exported_unit="y"} 1\n')[0]).toBe(
    '# TYPE a unknown\na{unit="u1",exported_exported_unit="x",exported_unit="y"} 1\n',
  );
  expect(merge('a{unit="x"} 1\n')[0]).toBe('# TYPE a unknown\na{unit="u1",exported_unit="x"} 1\n');
});
