import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { runDeno } from "../support/run-deno.ts";

const script = fileURLToPath(new URL("paced.ts", import.meta.url));

const runs = {
  bun: () => spawnSync(process.execPath, [script], { encoding: "utf8", timeout: 30_000 }).stdout,
  deno: () => runDeno(script, [], 30_000),
};

for (const [runtime, run] of Object.entries(runs)) {
  test(`sockets have their turn between two slices of work: ${runtime}`, () => {
    const { slices, answeredAfter } = JSON.parse(run()) as { slices: number; answeredAfter: number };
    expect(slices).toBeGreaterThan(100);
    // Connecting, sending, reading and answering take a turn each.
    expect(answeredAfter).toBeLessThan(50);
  }, 40_000);
}
