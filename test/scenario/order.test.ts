import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { type Daemon, withDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { alike } from "../support/matrix.ts";
import { alive } from "../support/proc.ts";
import type { RuntimeName } from "../support/root.ts";
import { memberUnit, program, shellUnit } from "../support/unit-text.ts";

const STARTED = ["started db", "started app", "started web"];
const STOPPED = ["leaving web", "left web", "leaving app", "left app", "leaving db", "left db"];

/** web needs app needs db; the file names sort the other way round. */
function chain(runtime: RuntimeName): Record<string, string> {
  return {
    "app.toml": memberUnit(runtime, "app", { requires: '["db"]', after: '["db"]' }),
    "db.toml": memberUnit(runtime, "db"),
    "web.toml": memberUnit(runtime, "web", { requires: '["app"]', after: '["app"]' }),
  };
}

for (const { daemon: runtime, service } of alike) {
  test(`what a service needs starts before it and stops after it: ${runtime}`, async () => {
    await withDaemon({ runtime, units: chain(service) }, async (daemon) => {
      expect(happened(daemon)).toEqual(STARTED);
      expect((await daemon.stop()).code).toBe(0);
      expect(happened(daemon)).toEqual([...STARTED, ...STOPPED]);
    });
  }, 60_000);

  test(`a service that others need is not stopped under them, unless told so: ${runtime}`, async () => {
    await withDaemon({ runtime, units: chain(service) }, async (daemon) => {
      const refused = await daemon.cli("stop", "db");
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain("app");
      expect(happened(daemon)).toEqual(STARTED);
      const cascade = await daemon.cli("stop", "db", "--cascade");
      expect([cascade.code, cascade.stderr]).toEqual([0, ""]);
      expect(happened(daemon)).toEqual([...STARTED, ...STOPPED]);
    });
  }, 60_000);

  test(`a service deaf to SIGTERM is killed at its limit, with all of its group: ${runtime}`, async () => {
    const limits = { exec_start: JSON.stringify(["/bin/sh", program("ignores-term.sh")]), timeout_stop_sec: '"500ms"' };
    await withDaemon({ runtime, units: { "deaf.toml": shellUnit("", { service: limits }) } }, async (daemon) => {
      const pids = await eventually(() => deafPids(daemon), 10_000, "both processes are deaf");
      const stop = await daemon.cli("stop", "deaf");
      expect(pids.filter(alive)).toEqual([]);
      expect(stop.stdout + stop.stderr).toContain("did not stop within 500 ms and was killed");
      expect(await daemon.unit("deaf")).toMatchObject({ active_state: "failed", result: "timeout", main_pid: null });
    });
  }, 60_000);
}

const happened = (daemon: Daemon) => daemon.read("order.log").trim().split("\n");

/** The main process and its child, once both say that they ignore SIGTERM. */
function deafPids(daemon: Daemon): readonly number[] | null {
  const log = `${daemon.stateDir}/logs/deaf.log`;
  const said = (existsSync(log) ? readFileSync(log, "utf8") : "").match(/(main|child) \d+ is deaf/g) ?? [];
  return said.length < 2 ? null : said.map((line) => Number(line.split(" ")[1]));
}
