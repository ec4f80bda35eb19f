import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { captureCases } from "./fixtures/capture-cases.ts";
import { followCases } from "./fixtures/follow-cases.ts";
import { outputsCases } from "./fixtures/outputs-cases.ts";
import { rotateCases } from "./fixtures/rotate-cases.ts";
import { tailCases } from "./fixtures/tail-cases.ts";
import { wakeCases } from "./fixtures/wake-cases.ts";

const root = join(import.meta.dir, "../..");
const deno = join(root, "node_modules/.bin/deno");
const flags = ["run", "-A", "--no-config", "--node-modules-dir=manual", "--cached-only"];
const run = spawnSync(deno, [...flags, join(import.meta.dir, "fixtures/run-cases.ts")], {
  cwd: root,
  encoding: "utf8",
  timeout: 60_000,
});
const outcomes = new Map(
  run.stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line): { name: string; error: string | null } => JSON.parse(line))
    .map(({ name, error }) => [name, error]),
);

const promises = { ...captureCases, ...followCases, ...outputsCases, ...rotateCases, ...tailCases, ...wakeCases };
for (const name of Object.keys(promises)) {
  test(`on Deno: ${name}`, () => {
    expect(outcomes.has(name) ? outcomes.get(name) : run.stderr).toBeNull();
  });
}
