import { test } from "bun:test";
import { wakeCases } from "./fixtures/wake-cases.ts";

for (const [name, run] of Object.entries(wakeCases)) test(name, async () => run(), 20_000);
