import { test } from "bun:test";
import { tailCases } from "./fixtures/tail-cases.ts";

for (const [name, run] of Object.entries(tailCases)) test(name, async () => run(), 20_000);
