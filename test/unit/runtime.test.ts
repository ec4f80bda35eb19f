import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const house = join(import.meta.dir, "../..");
const program = (name: string): string => join(house, "node_modules/.bin", name);

function read(runtime: "bun" | "deno", files: readonly string[]): string {
  const start = runtime === "bun" ? [] : ["run", "-A", "--quiet", "--node-modules-dir=manual"];
  const script = join(import.meta.dir, "fixtures/read.ts");
  const done = spawnSync(program(runtime), [...start, script, ...files], {
    encoding: "utf8",
    timeout: 20_000,
    cwd: house,
  });
  if (done.status !== 0) throw new Error(`${runtime}: ${done.stderr}`);
  return done.stdout;
}

test("Bun and Deno read the same units, and the same faults, from the same files", () => {
  const folder = mkdtempSync(join(tmpdir(), "unit-"));
  try {
    const bad = join(folder, "bad.toml");
    writeFileSync(
      bad,
      '[unit]\nrequires = ["nobody"]\nx = 1\n[service]\nrestart_sec = "soon"\n[socket.80]\nbacklog = 0\n',
    );
    const good = ["units/api.toml", "units/worker.toml"];
    const onBun = read("bun", good);
    expect(onBun).toContain('"ok":true');
    expect(read("deno", good)).toBe(onBun);
    expect(read("deno", [...good, bad])).toBe(read("bun", [...good, bad]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 60_000);
