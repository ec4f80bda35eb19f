import { test } from "bun:test";
import { queryCases } from "./fixtures/query-cases.ts";

for (const [name, run] of Object.entries(queryCases)) test(name, async () => run(), 60_000);
