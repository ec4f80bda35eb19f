import process from "node:process";
import type { Case, CaseResult } from "./case.ts";

/** Runs cases on the runtime that runs this file, prints one JSON line each, and exits. An argument picks those whose promise contains it. */
export async function runCases(cases: readonly Case[]): Promise<never> {
  const [wanted = ""] = process.argv.slice(2);
  for (const { promise, run } of cases) {
    if (!promise.includes(wanted)) continue;
    const began = performance.now();
    let error: string | null = null;
    try {
      await run();
    } catch (thrown) {
      error = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    }
    console.log(JSON.stringify({ promise, error, ms: Math.round(performance.now() - began) } satisfies CaseResult));
  }
  process.exit(0);
}
