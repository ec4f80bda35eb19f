import { expect, test } from "bun:test";
import type { Status } from "../../supervisor/unit/status.ts";
import { alike } from "../support/matrix.ts";
import { withRoot } from "../support/root.ts";
import { apiUnit, shellUnit } from "../support/unit-text.ts";

const RFC3339 = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/);
const NUMBER = expect.any(Number);
const STRING = expect.any(String);

/** The contract's §5, field for field, for a service that runs and was never handed over. */
const RUNNING = {
  name: "api",
  description: "HTTP API",
  active_state: "active",
  sub_state: "running",
  health: expect.stringMatching(/^(healthy|unhealthy|unknown)$/),
  main_pid: NUMBER,
  generation: 1,
  wanted: "up",
  restarts: 0,
  since: RFC3339,
  result: "success",
  instances: [
    {
      name: "api@1",
      pid: NUMBER,
      generation: 1,
      invocation_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      phase: "running",
      ready_at: RFC3339,
      memory_bytes: NUMBER,
      cpu_seconds: NUMBER,
    },
  ],
  listeners: [{ name: "http", address: expect.stringMatching(/^127\.0\.0\.1:[1-9]\d*$/) }],
  handover: { last_result: "none", ready_ms: null, drain_ms: null, reason: null },
  release: null,
  last_exit: null,
};

for (const { daemon: runtime, service } of alike) {
  test(`start -d waits for what fails, and does not start it a second time: ${runtime}`, async () => {
    const task = shellUnit("echo ran >> runs; exit 3", { service: { type: '"oneshot"', restart: '"no"' } });
    await withRoot({ runtime, units: { "task.toml": task } }, async (root) => {
      const start = await root.cli("start", "-d");
      expect([start.code, start.stderr]).toEqual([1, "start task: exited with code 3\n"]);
      expect(root.read("runs")).toBe("ran\n");
      expect((await root.cli("stop")).code).toBe(0);
    });
  }, 60_000);

  test(`start -d returns when all is ready; status, logs and stop then work: ${runtime}`, async () => {
    await withRoot({ runtime, units: { "api.toml": apiUnit(service) } }, async (root) => {
      const start = await root.cli("start", "-d");
      expect([start.code, start.stderr]).toEqual([0, ""]);
      expect(start.stdout).toContain("api");

      const asked = await root.cli("status", "--json");
      const status = JSON.parse(asked.stdout) as Status;
      expect(asked.code).toBe(0);
      expect(status.schema_version).toBe(1);
      expect(status.supervisor).toMatchObject({ pid: NUMBER, version: STRING, started_at: RFC3339, root: root.path });
      expect(status.supervisor.runtime).toStartWith(`${runtime} `);
      expect(status.units).toMatchObject([RUNNING]);

      const logs = await root.cli("logs", "api", "-n", "5");
      expect([logs.code, logs.stdout]).toEqual([0, expect.stringContaining("serving 127.0.0.1:")]);

      expect((await root.cli("stop")).code).toBe(0);
      expect((await root.cli("status")).code).toBe(7);
    });
  }, 60_000);

  test(`start -d says which unit failed, and why: ${runtime}`, async () => {
    const units = {
      "bad.toml": shellUnit("", { service: { exec_start: '["/nowhere/bunn"]', restart: '"no"' } }),
      "up.toml": shellUnit("exec sleep 1000"),
    };
    await withRoot({ runtime, units }, async (root) => {
      const start = await root.cli("start", "-d");
      expect(start.code).toBe(1);
      expect(start.stdout + start.stderr).toContain("/nowhere/bunn: No such file or directory (ENOENT)");
      expect((await root.cli("status", "up")).code).toBe(0);
      expect((await root.cli("stop")).code).toBe(0);
    });
  }, 60_000);
}
