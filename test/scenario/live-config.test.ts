import { expect, test } from "bun:test";
import type { UnitStatus } from "../../supervisor/unit/status.ts";
import { askControl } from "../support/control.ts";
import { type Daemon, settledDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { alike } from "../support/matrix.ts";
import { withRoot } from "../support/root.ts";
import { bundledUnit } from "../support/unit-text.ts";

const CLOSE = { headers: { connection: "close" } };
const file = "config/local.toml";
const limit = "[api]\nrate_limit_burst = 1\nrate_limit_per_sec = 0.001\n";

for (const { daemon: runtime } of alike) {
  const service = { config: '["api", "queue", "telemetry"]' };
  const units = { "api.toml": bundledUnit(runtime, "api", [], { service, handover: { soak_sec: "0" } }) };

  test(`what is live is taken by the process that runs, and what is wrong reaches nobody, also not later: ${runtime}`, async () => {
    await withRoot({ runtime, units, files: { [file]: "" } }, async (root) => {
      const first = await settledDaemon(root);
      const begun = await first.unit("api");

      root.write(file, limit);
      expect(await plan(first)).toMatchObject([
        { action: "live", keys: expect.arrayContaining(["config.api.rate_limit_per_sec"]) },
      ]);
      first.signal("SIGHUP");
      const told = await first.until("api", ({ status_text }) => status_text === "configuration 2", "it has read it");
      expect([told.main_pid, await limited(told)]).toEqual([begun.main_pid, [404, 429]]);

      root.write(file, `${limit}[queue]\nurl = "memory:"\n`);
      expect(await plan(first)).toMatchObject([{ action: "handover", keys: ["config.queue.url"] }]);
      first.signal("SIGHUP");
      await happened(first, "config.taken-back");
      const kept = await first.unit("api");
      expect([kept.main_pid, kept.outdated]).toEqual([begun.main_pid, false]);
      expect((await first.status()).supervisor.changed_on_disk).toBe(true);

      root.write(file, "[api]\nrate_limit_per_sec = -1\n");
      first.signal("SIGHUP");
      await happened(first, "config.refused");
      process.kill(begun.main_pid ?? 0, "SIGKILL");
      const again = await first.until("api", (unit) => isAnother(unit, begun), "it is up again");
      expect(await limited(again)).toEqual([404, 429]);
      expect(await first.stop()).toEqual({ code: 0, signal: null });

      root.write("units/api.toml", "[service]\nscript = 7\n");
      const second = await settledDaemon(root);
      expect(await limited(await second.unit("api"))).toEqual([404, 429]);
      await second.until("api", (unit) => unit.changed_on_disk, "status tells that its file says something else");
      const why = await whyOf(second);
      for (const reason of [
        "the settings are taken back: ",
        `${file}:2: api.rate_limit_per_sec: `,
        "units/api.toml:2: service.script: ",
      ])
        expect(why).toContain(reason);
      expect(second.read("tmp/daemon.log")).toContain("the files are refused: goes on with version ");
      expect(await second.stop()).toEqual({ code: 0, signal: null });
    });
  }, 60_000);
}

const isAnother = (unit: UnitStatus, before: UnitStatus): boolean =>
  unit.main_pid !== before.main_pid && unit.active_state === "active";

async function limited({ listeners: [listener] }: UnitStatus): Promise<readonly number[]> {
  const ask = async () => (await fetch(`http://${listener?.address}/tasks/none`, CLOSE)).status;
  return [await ask(), await ask()];
}

const plan = async (daemon: Daemon) => JSON.parse(await told(daemon, "/v1/config/diff")).units;
const whyOf = (daemon: Daemon) => told(daemon, "/v1/units/api/why");
const told = async ({ controlPath }: Daemon, path: string) => (await askControl(controlPath, path))?.body ?? "";

function happened(daemon: Daemon, event: string): Promise<unknown> {
  return eventually(() => daemon.read("tmp/daemon.log").includes(`"event":"${event}"`), 20_000, event);
}
