import { test } from "bun:test";
import { outputsCases } from "./fixtures/outputs-cases.ts";

for (const [name, run] of Object.entries(outputsCases)) test(name, async () => run(), 20_000);
