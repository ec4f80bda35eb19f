import { test } from "bun:test";
import { floodCases } from "./fixtures/flood-cases.ts";

for (const [name, run] of Object.entries(floodCases)) test(name, async () => run(), 60_000);
