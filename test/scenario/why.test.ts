import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import type { Why } from "../../supervisor/unit/why.ts";
import { askControl } from "../support/control.ts";
import { startDaemon, withDaemon } from "../support/daemon.ts";
import { alike } from "../support/matrix.ts";
import { readOpenMetrics } from "../support/openmetrics.ts";
import { type Root, withRoot } from "../support/root.ts";

const LIMIT_MS = 60_000;
const sleeper = '[service]\ntype = "simple"\nexec_start = ["sleep", "1000"]\n';
const crasher = `[service]
type = "simple"
exec_start = ["sh", "-c", "echo out of luck; exit 3"]
restart_sec = "20ms"
start_limit_burst = 2
`;

async function why(root: Root, unit: string): Promise<Why> {
  const { code, stdout } = await root.cli("why", unit, "--json", "-n", "100");
  expect(code).toBe(0);
  return JSON.parse(stdout) as Why;
}

test.each(alike)(
  "why names the caller, the last words and the limit, on $daemon",
  ({ daemon: runtime }) =>
    withDaemon({ runtime, units: { "api.toml": sleeper, "bad.toml": crasher } }, async (daemon) => {
      await daemon.until("bad", (unit) => unit.active_state === "failed", "bad has failed");
      expect((await daemon.cli("restart", "api")).code).toBe(0);
      const api = await why(daemon, "api");
      const stopping = api.entries.find(({ event }) => event === "service.stopping");
      expect(stopping?.cause).toMatchObject({
        tag: "manual",
        order: "restart",
        user: spawnSync("id", ["-un"], { encoding: "utf8" }).stdout.trim(),
      });
      expect(stopping?.why).toMatch(/^restart by .* \(pid \d+: supervisor --root .* restart api\)$/);
      const bad = (await daemon.cli("why", "bad")).stdout;
      expect(bad).toMatch(/failed: gave up after 2 starts within 10 s: it exited with code 3/);
      expect(bad).toContain("exited with code 3 (last output: out of luck)");
      expect(bad).toContain("started again, attempt 2 of a burst of 2");
      expect(bad).toContain("started: the supervisor started");
    }),
  LIMIT_MS,
);

test.each(alike)(
  "what happened outlives the supervisor, on $daemon",
  ({ daemon: runtime }) =>
    withRoot({ runtime, units: { "api.toml": sleeper } }, async (root) => {
      const first = startDaemon(root);
      await first.settled();
      expect((await first.stop()).code).toBe(0);
      const second = startDaemon(root);
      await second.settled();
      const { entries, life } = await why(root, "api");
      expect(new Set(entries.map((entry) => entry.life)).size).toBe(2);
      expect(entries[0]?.life).toBe(life);
      const stopping = entries.find(({ event }) => event === "service.stopping");
      expect(stopping?.cause).toMatchObject({ tag: "daemon-signal", signal: "SIGTERM" });
      expect((await root.cli("why", "api")).stdout).toContain("  supervisor restarted\n");
      expect((await second.stop()).code).toBe(0);
    }),
  LIMIT_MS,
);

test.each(alike)(
  "a scrape of a real supervisor is sound, and weighs the units, on $daemon",
  ({ daemon: runtime }) =>
    withDaemon({ runtime, units: { "api.toml": sleeper } }, async (daemon) => {
      const scrape = await askControl(daemon.controlPath, "/metrics");
      const series = readOpenMetrics(scrape?.body ?? "");
      const of = (name: string) => series.find((one) => one.name === name && one.labels === 'unit="api"')?.value;
      expect(of("supervisor_unit_tasks")).toBe(1);
      expect(of("supervisor_unit_memory_bytes")).toBeGreaterThan(100_000);
      expect(of("supervisor_unit_open_fds")).toBeGreaterThan(2);
      expect(of("supervisor_unit_ready_seconds_count")).toBe(1);
      expect(of("supervisor_unit_active")).toBe(1);
    }),
  LIMIT_MS,
);
