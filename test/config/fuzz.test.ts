// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these placeholders are the configuration's own.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../config/load.ts";
import { mutatedBytes } from "../support/mutate.ts";

const MUTATIONS = 1000;

const good = `# a good one
[supervisor]
auto_reload = true
log_level = "info"

[api]
host = "127.0.0.1"
port = "\${PORT:-8080}"

[worker]
concurrency = 4
lease_ms = 30_000

[queue]
url = "sqlite:\${NAME:-tasks}.db"

[release]
exclude = ["tmp"]
pre_deploy = [["bin/migrate", "up"], ["true"]]
rollback_after_ms = 60000
`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sv-fuzz-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const load = (bytes: string | Uint8Array) => {
  writeFileSync(join(folder, "local.toml"), bytes);
  return loadConfig({ folder, shown: "config", env: {} });
};

test("the settings that are mutated below are good ones", () => {
  expect(load(good)).toMatchObject({ ok: true, value: { config: { api: { port: 8080 } } } });
});

test(`${MUTATIONS} mutations of a good file of settings: no exception, and every fault has its file, its line, and one sentence`, () => {
  const seen = { good: 0, refused: 0 };
  for (let seed = 1; seed <= MUTATIONS; seed++) {
    const bytes = mutatedBytes(good, seed);
    const lineCount = new TextDecoder().decode(bytes).split("\n").length;
    const read = load(bytes);
    seen[read.ok ? "good" : "refused"]++;
    for (const fault of read.ok ? [] : read.faults) {
      const line = fault.at?.line ?? 0;
      const isPlaced = fault.at?.file === "config/local.toml" && line >= 1 && line <= lineCount;
      const isOneLine = fault.message !== "" && !fault.message.includes("\n");
      if (!isPlaced || !isOneLine) throw new Error(`seed ${seed}: ${JSON.stringify(fault)}`);
    }
  }
  expect(seen.good).toBeGreaterThan(20);
  expect(seen.refused).toBeGreaterThan(100);
});
