import { expect, test } from "bun:test";
import { flags, run } from "../../bench/thousand.ts";

test("G1, G3: ten handovers under 200 kept connections lose no POST and double none, on Bun and on Deno", async () => {
  const figure = await run({ ...flags, handovers: 10, requests: 10_000, connections: 200, singles: 8, thinkMs: 20 });
  const of = (column: string) => figure.rows.map((row) => row[figure.columns.indexOf(column)]);
  expect(of("service on daemon")).toEqual(["bun on bun", "deno on deno"]);
  for (const column of ["failed", "POSTs lost", "POSTs doubled"]) expect(of(column)).toEqual([0, 0]);
  for (const count of of("handovers")) expect(count).toBeGreaterThanOrEqual(10);
  for (const count of of("requests")) expect(count).toBeGreaterThanOrEqual(10_000);
}, 60_000);
