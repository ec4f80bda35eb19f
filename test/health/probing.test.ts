import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { join } from "node:path";
import type { CaseResult } from "../host/conformance/case.ts";
import { cases } from "./cases.ts";

// A process of its own for each runtime: the host takes signals and orphans over, which is nothing for the process of all tests.
const LIMIT_MS = 300_000;
const root = join(import.meta.dir, "../..");
const script = join(import.meta.dir, "run.ts");
const runtimes = {
  bun: ["bun", "run"],
  deno: ["deno", "run", "-A", "--no-config", "--node-modules-dir=manual"],
} as const;

for (const [runtime, [program, ...flags]] of Object.entries(runtimes)) {
  const results = resultsOf(join(root, "node_modules/.bin", program), [...flags, script]);
  for (const { promise } of cases) {
    test(
      `${runtime}: ${promise}`,
      async () => {
        const { lines, complaint } = await results;
        const result = lines.find((line) => line.promise === promise);
        expect(result?.error, complaint).toBeNull();
      },
      LIMIT_MS,
    );
  }
}

async function resultsOf(program: string, args: readonly string[]) {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], timeout: LIMIT_MS });
  const [output, complaint] = await Promise.all([textOf(child.stdout), textOf(child.stderr)]);
  const lines = output.split("\n").filter((line) => line.startsWith("{"));
  return { lines: lines.map((line) => JSON.parse(line) as CaseResult), complaint };
}

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  let text = "";
  for await (const chunk of stream) text += chunk;
  return text;
}
