import process from "node:process";
import type { CaseResult } from "../host/conformance/case.ts";
import { cases } from "./cases.ts";

// Runs every case on the runtime that runs this file; one JSON line each. An argument picks those whose promise contains it.
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
  const result: CaseResult = { promise, error, ms: Math.round(performance.now() - began) };
  console.log(JSON.stringify(result));
}
process.exit(0);
