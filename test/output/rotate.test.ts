import { test } from "bun:test";
import { rotateCases } from "./fixtures/rotate-cases.ts";

for (const [name, run] of Object.entries(rotateCases)) test(name, async () => run(), 20_000);
