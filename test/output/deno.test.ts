import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { allCases } from "./fixtures/all-cases.ts";

const root = join(import.meta.dir, "../..");
const deno = join(root, "node_modules/.bin/deno");
const flags = ["run", "-A", "--no-config", "--node-modules-dir=manual", "--cached-only"];
const run = spawnSync(deno, [...flags, join(import.meta.dir, "fixtures/run-cases.ts")], {
  cwd: root,
  encoding: "utf8",
  timeout: 150_000,
  maxBuffer: 1 << 26,
});
const outcomes = new Map(
  run.stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line): { name: string; error: string | null } => JSON.parse(line))
    .map(({ name, error }) => [name, error]),
);

for (const name of Object.keys(allCases)) {
  test(`on Deno: ${name}`, () => {
    expect(outcomes.has(name) ? outcomes.get(name) : run.stderr).toBeNull();
  });
}
