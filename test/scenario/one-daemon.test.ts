import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { startDaemon, withDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { alike } from "../support/matrix.ts";
import { withRoot } from "../support/root.ts";
import { apiUnit } from "../support/unit-text.ts";

for (const { daemon: runtime, service } of alike) {
  test(`B14: a second daemon in the same root is refused and names the first: ${runtime}`, async () => {
    await withDaemon({ runtime, units: { "api.toml": apiUnit(service) } }, async (daemon) => {
      const before = await daemon.unit("api");
      const second = await daemon.cli("start");
      expect(second.code).toBe(1);
      expect(second.stderr).toContain(`pid ${daemon.pid}`);
      expect(second.stderr).toContain(daemon.path);
      expect((await daemon.unit("api")).main_pid).toBe(before.main_pid);
    });
  }, 60_000);

  test(`B14: what a killed daemon left in its folder is recognised as stale: ${runtime}`, async () => {
    await withRoot({ runtime, units: { "api.toml": apiUnit(service) } }, async (root) => {
      const first = startDaemon(root);
      await first.settled();
      first.signal("SIGKILL");
      expect((await first.ended(5_000)).signal).toBe("SIGKILL");
      for (const { pid } of root.processes()) process.kill(pid, "SIGKILL");
      await eventually(() => root.processes().length === 0, 5_000, "its children are gone, too");
      expect(existsSync(root.controlPath)).toBe(true);
      expect((await root.cli("status")).code).toBe(7);

      const second = startDaemon(root);
      await second.settled();
      expect((await second.unit("api")).active_state).toBe("active");
      expect((await second.status()).supervisor.pid).toBe(second.pid);
      expect((await second.stop()).code).toBe(0);
    });
  }, 60_000);
}
