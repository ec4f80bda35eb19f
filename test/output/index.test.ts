import { test } from "bun:test";
import { indexCases } from "./fixtures/index-cases.ts";

for (const [name, run] of Object.entries(indexCases)) test(name, async () => run(), 60_000);
