import { test } from "bun:test";
import { missingOf } from "./missing.ts";

/** Declares a test that is left out, and says so, where a program is missing. */
export function testWith(programs: readonly string[], promise: string, run: () => Promise<void>): void {
  const missing = missingOf(programs);
  if (missing.length > 0) console.log(`${promise}: not tried, ${missing.join(", ")} is not installed`);
  test.skipIf(missing.length > 0)(promise, run, 60_000);
}
