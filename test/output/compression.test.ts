import { test } from "bun:test";
import { compressionCases } from "./fixtures/compression-cases.ts";

for (const [name, run] of Object.entries(compressionCases)) test(name, async () => run(), 60_000);
