import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { eventually } from "../support/eventually.ts";
import { alive } from "../support/proc.ts";

const script = fileURLToPath(new URL("fixtures/parks.ts", import.meta.url));
const deno = fileURLToPath(new URL("../../node_modules/.bin/deno", import.meta.url));
const config = fileURLToPath(new URL("../../deno.json", import.meta.url));

const runtimes = {
  bun: [process.execPath, script],
  deno: [deno, "run", "--config", config, "--no-prompt", "--allow-all", "--quiet", script],
} as const;
type Runtime = keyof typeof runtimes;

function run(runtime: Runtime, ...args: readonly string[]) {
  const [program, ...rest] = runtimes[runtime];
  return spawnSync(program, [...rest, ...args], { encoding: "utf8", timeout: 30_000 });
}

for (const [first, next] of [
  ["bun", "deno"],
  ["deno", "bun"],
] as const) {
  test(`who is killed before all is parked anew has lost nothing of it: ${first}`, () => {
    const folder = mkdtempSync(join(tmpdir(), "parking-"));
    try {
      const file = join(folder, "parked.json");
      for (const what of ["park", "begin"]) expect(run(first, what, file, "hello").signal).toBe("SIGKILL");
      const [shown] = JSON.parse(run(next, "take", file).stdout) as readonly (readonly { name: string }[])[];
      expect(shown?.map(({ name }) => name)).toEqual(["replaced", "kept"]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }, 60_000);

  test(`what a killed holder held is held by another, which outlives ${first}, too`, () => {
    const folder = mkdtempSync(join(tmpdir(), "parking-"));
    try {
      const file = join(folder, "parked.json");
      const killed = run(first, "kill", file, "hello", "1100");
      expect(killed.stdout).toMatch(
        /^sleep\(1\) that held our descriptors \(pid \d+\) is gone; another holds them now\n$/,
      );
      const [shown] = JSON.parse(run(next, "take", file).stdout) as readonly unknown[];
      expect(shown).toEqual([{ name: "kept", about: "", texts: ["hello"] }]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }, 60_000);

  test(`a holder that does not live is not replaced by one that would not either: ${first}`, () => {
    const folder = mkdtempSync(join(tmpdir(), "parking-"));
    try {
      const file = join(folder, "parked.json");
      const killed = run(first, "kill", file, "hello", "0");
      expect(killed.stdout).toMatch(/^nothing is kept for the case that the supervisor is killed: sleep\(1\), which/);
      expect(JSON.parse(run(next, "take", file).stdout)[0]).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }, 60_000);

  test(`descriptors that ${first} has parked outlive its death; ${next} reads them as often as it likes, and lets them go`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "parking-"));
    try {
      const file = join(folder, "parked.json");
      expect(run(first, "park", file, "hello").signal).toBe("SIGKILL");
      const holders = JSON.parse(readFileSync(file, "utf8")) as readonly { pid: number }[];
      expect(holders.map(({ pid }) => alive(pid))).toEqual(holders.map(() => true));
      const { stdout, stderr } = run(next, "take", file);
      expect(stderr).toBe("");
      const shown = [
        { name: "replaced", about: "as it is", texts: ["hello"] },
        { name: "kept", about: "two\nlines", texts: ["hello", ""] },
      ];
      expect(JSON.parse(stdout)).toEqual([shown, shown, true, 0]);
      await eventually(() => holders.every(({ pid }) => !alive(pid)), 5_000, "nobody holds them any more");
    } finally {
      rmSync(folder, { recursive: true });
    }
  }, 60_000);
}
