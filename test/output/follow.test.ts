import { test } from "bun:test";
import { followCases } from "./fixtures/follow-cases.ts";

for (const [name, run] of Object.entries(followCases)) test(name, async () => run(), 20_000);
