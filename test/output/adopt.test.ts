import { test } from "bun:test";
import { adoptCases } from "./fixtures/adopt-cases.ts";

for (const [name, run] of Object.entries(adoptCases)) test(name, async () => run(), 20_000);
