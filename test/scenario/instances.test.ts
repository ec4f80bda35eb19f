import { expect, test } from "bun:test";
import { type Daemon, withDaemon } from "../support/daemon.ts";
import { startLoad } from "../support/load.ts";
import { alike } from "../support/matrix.ts";
import { apiUnit, memberUnit, shellUnit } from "../support/unit-text.ts";

for (const { daemon: runtime, service } of alike) {
  test(`instances come, are handed over one by one under load, and go: ${service}`, async () => {
    const unit = apiUnit(service, { service: { instances: "2" } });
    await withDaemon({ runtime, units: { "api.toml": unit } }, async (daemon) => {
      expect(await pids(daemon)).toHaveLength(2);
      const address = (await daemon.unit("api")).listeners[0]?.address ?? "";
      const load = await startLoad({ address, keepAlive: 8, oneShot: 8, thinkMs: 5 }, daemon.environment);
      expect((await daemon.cli("scale", "api", "+1")).code).toBe(0);
      const three = await pids(daemon);
      expect(three).toHaveLength(3);
      expect((await daemon.cli("reload", "api")).code).toBe(0);
      await daemon.until("api", ({ instances }) => instances.length === 3, "only the new generations are left");
      expect((await pids(daemon)).filter((pid) => three.includes(pid))).toEqual([]);
      expect((await daemon.cli("scale", "api", "-2")).code).toBe(0);
      expect(await pids(daemon)).toHaveLength(1);
      const tally = await load.stop();
      expect(tally.samples).toEqual([]);
      expect((await daemon.cli("scale", "api", "0")).code).not.toBe(0);
    });
  }, 90_000);

  test(`a oneshot's work stays done, and those that require it start after it: ${service}`, async () => {
    const migrate = shellUnit("echo migrated >> order", { service: { type: '"oneshot"' } });
    const units = { "migrate.toml": migrate, "app.toml": memberUnit(service, "app", { requires: '["migrate"]' }) };
    await withDaemon({ runtime, units }, async (daemon) => {
      const done = await daemon.unit("migrate");
      expect([done.active_state, done.sub_state, done.result]).toEqual(["active", "exited", "success"]);
      expect((await daemon.unit("app")).active_state).toBe("active");
      expect((await daemon.cli("start", "migrate")).code).toBe(0);
      expect(daemon.read("order")).toBe("migrated\n");
      expect((await daemon.cli("stop", "migrate", "--cascade")).code).toBe(0);
      expect((await daemon.unit("migrate")).active_state).toBe("inactive");
    });
  }, 60_000);

  test(`a service that gives no sign of life is aborted and restarted: ${service}`, async () => {
    const line = 'test "$WATCHDOG_USEC" = 1000000 && systemd-notify --ready && exec sleep 1000';
    const hung = shellUnit(line, { service: { type: '"notify"', watchdog_sec: '"1s"', restart_sec: '"50ms"' } });
    await withDaemon({ runtime, units: { "hung.toml": hung } }, async (daemon) => {
      const first = await daemon.unit("hung");
      const again = await daemon.until("hung", ({ restarts }) => restarts > 0, "it is restarted");
      expect(again.last_exit?.signal).toBe("SIGABRT");
      expect(again.main_pid).not.toBe(first.main_pid);
    });
  }, 60_000);
}

async function pids(daemon: Daemon): Promise<readonly (number | null)[]> {
  return (await daemon.unit("api")).instances.map(({ pid }) => pid);
}
