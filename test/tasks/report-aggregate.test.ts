import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reportAggregate } from "../../services/tasks/report-aggregate.ts";
import { runScript, runtimes } from "../services/program.ts";
import { contextFor } from "./context.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "report-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const run = (payload: unknown, signal?: AbortSignal) => {
  const parsed = reportAggregate.payload.parse(payload);
  return reportAggregate.handle(parsed, contextFor({ folder, ...(signal && { signal }) }));
};
const overRows = (rows: unknown) => run({ rows, group_by: "k", sum: "v" });
const overFile = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return run({ file: name, group_by: "k", sum: "v" });
};
const badRow = (message: string) => ({ ok: false, error: { code: "bad-row", message }, retry: false }) as const;

test("rows are summed by group", async () => {
  const rows = [
    { k: "a", v: 1 },
    { k: "b", v: -0.5 },
    { k: "a", v: 2, other: null },
    { k: 7, v: 1 },
    { k: true, v: 1 },
  ];
  expect(await overRows(rows)).toEqual({ ok: true, result: { groups: { a: 3, b: -0.5, "7": 1, true: 1 }, rows: 5 } });
});

test("no rows make no groups", async () => {
  expect(await overRows([])).toEqual({ ok: true, result: { groups: {}, rows: 0 } });
});

test("a group may have any name, even one that objects are born with", async () => {
  const attempt = await overRows(JSON.parse('[{"k":"__proto__","v":1},{"k":"constructor","v":2},{"k":"","v":3}]'));
  expect(JSON.stringify(attempt)).toBe('{"ok":true,"result":{"groups":{"__proto__":1,"constructor":2,"":3},"rows":3}}');
});

test.each([
  [{ v: 1 }, "row 2: has no field k"],
  [{ k: null, v: 1 }, "row 2: k is not a text, number or boolean"],
  [{ k: ["a"], v: 1 }, "row 2: k is not a text, number or boolean"],
  [{ k: "a".repeat(257), v: 1 }, "row 2: k is longer than 256 characters"],
  [{ k: "a" }, "row 2: has no field v"],
  [{ k: "a", v: "2" }, 'row 2: v is not a number: "2"'],
  [{ k: "a", v: null }, "row 2: v is not a number: null"],
  [{ k: "a", v: true }, "row 2: v is not a number: true"],
])("the row that cannot be summed is named: %p", async (row, message) => {
  expect(await overRows([{ k: "a", v: 1 }, row])).toEqual(badRow(message));
});

test("an NDJSON file is summed like rows; blank lines, CRLF, a byte order mark and a missing last line end do not matter", async () => {
  const text = '\uFEFF{"k":"a","v":1}\r\n\n  \n{"k":"b","v":2.5}\n{"k":"a","v":4}';
  expect(await overFile("a.ndjson", text)).toEqual({ ok: true, result: { groups: { a: 5, b: 2.5 }, rows: 3 } });
});

test("a CSV file is summed by its header; quotes may hold commas, quotes and line ends", async () => {
  const text = 'v,k,note\r\n1,"a, b",x\r\n 2.5e1 ,"say ""hi""","two\nlines"\r\n-3,"a, b",\r\n';
  expect(await overFile("a.csv", text)).toEqual({
    ok: true,
    result: { groups: { "a, b": -2, 'say "hi"': 25 }, rows: 3 },
  });
});

test.each([
  ["x.ndjson", '{"k":"a","v":1}\n{"k":"a","v":}\n', "line 2: is not JSON"],
  ["x.ndjson", "\n\n[1]\n", "line 3: is not a JSON object"],
  ["x.ndjson", '{"k":"a","v":"1"}\n', 'line 1: v is not a number: "1"'],
  ["x.csv", 'k,v\na,1\n"b\nc",2\na,two\n', 'line 5: v is not a number: "two"'],
  ["x.csv", "k,v\na,\n", 'line 2: v is not a number: ""'],
  ["x.csv", "k,v\na,Infinity\n", 'line 2: v is not a number: "Infinity"'],
  ["x.csv", "k,v\na,0x10\n", 'line 2: v is not a number: "0x10"'],
  ["x.csv", "k,v\na,1,2\n", "line 2: has 3 fields, the header has 2"],
  ["x.csv", 'k,v\na,1\n"a,1\n', "line 3: a quote is never closed"],
  ["x.csv", 'k,v\na"b"c,1\n', "line 2: a quote stands in the middle of a field"],
  ["x.csv", "a,b\n1,2\n", "line 2: has no field k"],
])("the line that cannot be summed is named: %s %j", async (name, text, message) => {
  expect(await overFile(name, text)).toEqual(badRow(`${name}: ${message}`));
});

test("a line without end is refused before it fills the memory", async () => {
  expect(await overFile("long.ndjson", `{"k":"a","v":1}\n${"x".repeat(2_000_000)}`)).toEqual(
    badRow("long.ndjson: line 2: is longer than 1048576 characters"),
  );
});

test("a record of many short lines takes no longer than its length, and has a bound, too", async () => {
  const lines = 50_000;
  expect(await overFile("tall.csv", `k,v\n"${"a\n".repeat(lines)}",1\n`)).toEqual(
    badRow("tall.csv: line 2: k is longer than 256 characters"),
  );
  expect(await overFile("taller.csv", `k,v\n"${"\n".repeat(2_000_000)}`)).toEqual(
    badRow("taller.csv: line 2: is longer than 1048576 characters"),
  );
}, 10_000);

test("a character that lies across two reads is whole", async () => {
  const text = `{"k":"${"€".repeat(250)}","v":1}\n`.repeat(300);
  expect(await overFile("wide.ndjson", text)).toEqual({
    ok: true,
    result: { groups: { ["€".repeat(250)]: 300 }, rows: 300 },
  });
});

test("more groups than the bound are refused", async () => {
  const rows = Array.from({ length: 100_001 }, (_, at) => ({ k: at, v: 1 }));
  expect(await overRows(rows)).toEqual(badRow("row 100001: is one group too many (100000 at most)"));
});

test("it stops when its signal fires", async () => {
  writeFileSync(join(folder, "stop.ndjson"), '{"k":"a","v":1}\n'.repeat(10));
  const payload = { file: "stop.ndjson", group_by: "k", sum: "v" };
  await expect(run(payload, AbortSignal.abort(new Error("enough")))).rejects.toThrow("enough");
});

test.each([
  [{ group_by: "k", sum: "v" }, "rows"],
  [{ rows: [], file: "a.csv", group_by: "k", sum: "v" }, "rows"],
  [{ rows: [1], group_by: "k", sum: "v" }, "rows.0"],
  [{ file: "a.txt", group_by: "k", sum: "v" }, "file"],
  [{ rows: [], sum: "v" }, "group_by"],
  [{ rows: [], group_by: "", sum: "v" }, "group_by"],
])("the payload's failing field is named: %j", (payload, field) => {
  const parsed = reportAggregate.payload.safeParse(payload);
  expect(parsed.error?.issues.map(({ path }) => path.join("."))).toEqual([field]);
});

const MIB = 1_048_576;
const FILE_MIB = 160;

describe(`a file of ${FILE_MIB} MiB`, () => {
  const line = `${JSON.stringify({ k: "a", v: 1, rest: "x".repeat(4_000) })}\n`;
  const rows = Math.ceil(MIB / line.length);
  beforeAll(() => {
    const file = openSync(join(folder, "large.ndjson"), "w");
    const block = Buffer.from(line.repeat(rows));
    for (let count = 0; count < FILE_MIB; count++) writeSync(file, block);
    closeSync(file);
  });

  test.each(runtimes)(
    "is summed in half as much memory: %s",
    async (runtime) => {
      const script = join(import.meta.dir, "fixtures/large.ts");
      const { stdout } = await runScript({ runtime, script: [script, folder, "large.ndjson"] });
      const { attempt, grownBytes } = JSON.parse(stdout);
      expect(attempt.result).toEqual({ groups: { a: rows * FILE_MIB }, rows: rows * FILE_MIB });
      expect(grownBytes).toBeLessThan((FILE_MIB / 2) * MIB);
    },
    60_000,
  );
});
