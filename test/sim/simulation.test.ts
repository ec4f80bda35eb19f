import { afterAll, describe, expect, test } from "bun:test";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runDeno } from "../support/run-deno.ts";
import { sabotages } from "./sabotages.ts";
import { simulate } from "./simulation.ts";

const root = new URL("../..", import.meta.url).pathname;
const seeds = readFileSync(new URL("seeds.txt", import.meta.url), "utf8")
  .split("\n")
  .filter(Boolean)
  .map(Number);

describe("the machine, simulated", () => {
  test("keeps every invariant in 600 worlds", () => {
    const outcomes = Array.from({ length: 600 }, (_, index) => simulate(index + 1));
    expect(outcomes.filter((outcome) => outcome.breaches.length > 0).slice(0, 1)).toEqual([]);
    // The simulation is worth something only while it gets far enough for handovers to succeed.
    expect(outcomes.reduce((sum, outcome) => sum + outcome.handovers, 0)).toBeGreaterThan(3000);
  }, 120_000);

  test("keeps them in every world that once broke them", () => {
    expect(seeds.map((seed) => simulate(seed)).filter((outcome) => outcome.breaches.length > 0)).toEqual([]);
  });

  test("writes the same journal on Bun and on Deno", () => {
    const here = Array.from({ length: 100 }, (_, index) => simulate(index + 1).hash).join("");
    const there = JSON.parse(runDeno("test/sim/run.ts", ["1", "100"])) as { hashes: string };
    expect(there.hashes).toBe(here);
  }, 60_000);
});

describe("a sabotage is noticed:", () => {
  const folders: string[] = [];
  afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true });
  });

  for (const { name, file, find, replace } of sabotages) {
    test(name, () => {
      const text = readFileSync(join(root, file), "utf8");
      expect(text.split(find).length - 1).toBe(1);
      const folder = mkdtempSync(join(tmpdir(), "sabotage-"));
      folders.push(folder);
      for (const part of ["supervisor/core", "supervisor/unit", "test/sim", "test/support/units.ts"]) {
        cpSync(join(root, part), join(folder, part), { recursive: true });
      }
      symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
      writeFileSync(join(folder, file), text.replace(find, replace));
      const run = Bun.spawnSync([process.execPath, join(folder, "test/sim/run.ts"), "1", "60"], { timeout: 30_000 });
      const broken = run.exitCode === 0 ? JSON.parse(run.stdout.toString()).broken : ["it does not even run"];
      expect(broken.length).toBeGreaterThan(0);
    }, 40_000);
  }
});
