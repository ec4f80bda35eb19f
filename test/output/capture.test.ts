import { test } from "bun:test";
import { captureCases } from "./fixtures/capture-cases.ts";

for (const [name, run] of Object.entries(captureCases)) test(name, async () => run(), 20_000);
