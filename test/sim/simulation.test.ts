import { afterAll, describe, expect, test } from "bun:test";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runDeno } from "../support/run-deno.ts";
import { simulateMany } from "./many.ts";
import { sabotages } from "./sabotages.ts";
import { simulate } from "./simulation.ts";
import type { Sum } from "./sum.ts";

const root = new URL("../..", import.meta.url).pathname;
const seeds = readFileSync(new URL("seeds.txt", import.meta.url), "utf8")
  .split("\n")
  .filter(Boolean)
  .map(Number);

describe("the machine, simulated", () => {
  test("keeps every invariant in 4 000 worlds", async () => {
    const { broken, worlds, handovers } = await simulateMany(4_000, 270_000);
    expect(broken).toEqual([]);
    expect(worlds).toBe(4_000);
    // The simulation is worth something only while it gets far enough for handovers to succeed.
    expect(handovers).toBeGreaterThan(4_000);
  }, 300_000);

  test("keeps them in 800 worlds whose daemon is killed now and then, and comes back", async () => {
    const { broken, worlds } = await simulateMany(800, 100_000, "dies");
    expect(broken).toEqual([]);
    expect(worlds).toBe(800);
  }, 120_000);

  test("keeps them wherever in a run the daemon dies: before each write, and after each deed", async () => {
    const { broken, worlds } = await simulateMany(12, 100_000, "dies-everywhere");
    expect(broken).toEqual([]);
    expect(worlds).toBeGreaterThan(1_000);
  }, 120_000);

  test("keeps them in every world that once broke them", () => {
    expect(seeds.map((seed) => simulate(seed)).filter((outcome) => outcome.breaches.length > 0)).toEqual([]);
  }, 60_000);

  test("writes the same journal on Bun and on Deno", () => {
    const here = Array.from({ length: 100 }, (_, index) => simulate(index + 1).hash).join("");
    const there = JSON.parse(runDeno("test/sim/run.ts", ["1", "100"])) as Sum;
    expect(there.hashes).toBe(here);
  }, 60_000);
});

describe("a sabotage is noticed:", () => {
  const folders: string[] = [];
  afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true });
  });

  for (const { name, file, find, replace, way = "lives" } of sabotages) {
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
      const run = Bun.spawnSync([process.execPath, join(folder, "test/sim/run.ts"), "1", "500", way], {
        timeout: 60_000,
      });
      expect(run.stderr.toString()).toBe("");
      expect((JSON.parse(run.stdout.toString()) as Sum).broken.length).toBeGreaterThan(0);
    }, 70_000);
  }
});
