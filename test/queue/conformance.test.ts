import { afterAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { runScript } from "../services/program.ts";
import { cases } from "./conformance.ts";
import { closeStores, holdsOn, storeNames } from "./stores.ts";

if (!storeNames.includes("redis")) console.log("redis: not tried, redis-server is not installed");
afterAll(closeStores);

for (const store of storeNames) {
  describe(`${store} on Bun`, () => {
    for (const [number, { promise }] of cases.entries()) test(promise, () => holdsOn(store, number), 30_000);
  });
}

test("every store keeps every promise on Deno", async () => {
  const { stdout, stderr } = await runScript({
    runtime: "deno",
    script: [join(import.meta.dir, "fixtures/conformance.ts")],
  });
  expect({ ...JSON.parse(stdout || "{}"), stderr }).toEqual({
    held: cases.length * storeNames.length,
    broken: [],
    stderr: "",
  });
}, 60_000);
