import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { join } from "node:path";
import type { Case, CaseResult } from "./case.ts";

const bin = join(import.meta.dir, "../../node_modules/.bin");
const runtimes = {
  bun: ["bun", "run"],
  deno: ["deno", "run", "-A", "--no-config", "--node-modules-dir=manual"],
} as const;

/**
 * Declares a test for every case on each runtime; `script` runs them all (see `runCases`).
 * Why in a process of its own: the host takes signals and orphans over, which is nothing for the process of all tests.
 */
export function tellCases(cases: readonly Case[], script: string, limitMs: number): void {
  for (const [runtime, [program, ...flags]] of Object.entries(runtimes)) {
    const results = resultsOf([join(bin, program), ...flags, script], limitMs);
    for (const { promise } of cases) {
      test(
        `${runtime}: ${promise}`,
        async () => {
          const { lines, complaint } = await results;
          const result = lines.find((line) => line.promise === promise);
          expect(result?.error, complaint).toBeNull();
        },
        limitMs,
      );
    }
  }
}

async function resultsOf([program, ...args]: readonly [string, ...string[]], limitMs: number) {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], timeout: limitMs });
  const [output, complaint] = await Promise.all([textOf(child.stdout), textOf(child.stderr)]);
  const lines = output.split("\n").filter((line) => line.startsWith("{"));
  return { lines: lines.map((line) => JSON.parse(line) as CaseResult), complaint };
}

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  let text = "";
  for await (const chunk of stream) text += chunk;
  return text;
}
