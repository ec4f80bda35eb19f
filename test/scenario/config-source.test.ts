import { expect, test } from "bun:test";
import type { UnitStatus } from "../../supervisor/unit/status.ts";
import { askControl } from "../support/control.ts";
import { type Daemon, settledDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { alike } from "../support/matrix.ts";
import { withRoot } from "../support/root.ts";
import { settingsServer } from "../support/settings-server.ts";
import { bundledUnit } from "../support/unit-text.ts";

const CLOSE = { headers: { connection: "close" } };
const limit = "[api]\nrate_limit_burst = 1\nrate_limit_per_sec = 0.001\n";
const token = "canary-7f3a";

for (const { daemon: runtime } of alike) {
  const service = { config: '["api", "queue"]' };
  const unit = (enabled: boolean) =>
    bundledUnit(runtime, "api", [], { unit: { enabled: `${enabled}` }, service, handover: { soak_sec: "0" } });
  const units = { "api.toml": unit(true) };

  test(`what a remote source says is live at once or refused, and goes on when the source does not: ${runtime}`, async () => {
    const server = await settingsServer({ status: 500 });
    const own = `auto_reload = true\nconfig_source = "${server.url}"\nconfig_source_token_file = "tmp/token"\n`;
    const files = { "config/local.toml": `[supervisor]\n${own}`, "tmp/token": `${token}\n` };
    await withRoot({ runtime, units, files }, async (root) => {
      expect(await root.cli("start")).toMatchObject({
        code: 1,
        stderr: `supervisor start: config_source: ${server.url} answered 500, and nothing is kept of what it said\n`,
      });

      server.say({ index: 5 });
      const first = await settledDaemon(root);
      const begun = await first.unit("api");
      server.say({ index: 6, body: limit });
      const told = await first.until("api", ({ status_text }) => status_text === "configuration 2", "it has read it");
      expect([told.main_pid, await limited(told)]).toEqual([begun.main_pid, [404, 429]]);
      const setByIt = expect.objectContaining({ key: "api.rate_limit_burst", value: 1, origin: `${server.url}:2` });
      expect((await ask(first, "/v1/config")).settings).toContainEqual(setByIt);

      server.say({ index: 7, body: `${limit}[queue]\nurl = "memory:"\n` });
      await logged(first, "config.taken-back");
      expect((await first.unit("api")).main_pid).toBe(begun.main_pid);

      server.say({ index: 8, body: "[api]\nrate_limit_per_sec = -1\n" });
      await logged(first, `${server.url}:2: api.rate_limit_per_sec: `);
      expect((await first.status()).supervisor.changed_on_disk).toBe(true);
      server.say({ index: 3, body: "garbage" });
      await logged(first, `${server.url}:1: `);
      const backwards = await eventually(
        () => server.asked.findIndex(({ query }) => query === "?index=8&wait=55s") + 1,
        10_000,
        "it waits on 8",
      );
      await eventually(() => server.asked[backwards]?.query === "", 20_000, "it asks from the beginning");

      for (const [said, why] of [
        [{ body: "#".repeat(2 * 1024 * 1024) }, "answered more than 1048576 bytes"],
        [{ body: new Uint8Array([0xff]) }, "answered what is not UTF-8"],
      ] as const) {
        server.say(said);
        await eventually(
          async () => (await sourceOf(first))?.reason === why,
          30_000,
          why,
          () => server.asked,
        );
      }
      expect(await metrics(first)).toContain("\nsupervisor_config_source_up 0\n");
      server.say({ index: 2, body: limit });
      await logged(first, "config.source-back");
      expect(await sourceOf(first)).toMatchObject({ state: "answers", reason: null });
      expect([(await first.unit("api")).main_pid, await limited(told)]).toEqual([begun.main_pid, [429, 429]]);
      expect(await first.stop()).toEqual({ code: 0, signal: null });

      server.say({ hang: true });
      root.write("units/api.toml", unit(false));
      const second = await settledDaemon(root);
      expect((await ask(second, "/v1/config")).settings).toContainEqual(setByIt);
      await logged(second, `${server.url} has not answered within 3 s: what it said last goes on`);
      expect(new Set(server.asked.map(({ authorization }) => authorization))).toEqual(new Set([`Bearer ${token}`]));
      const shown = [second.read("tmp/daemon.log"), await text(second, "/v1/status"), await text(second, "/v1/config")];
      expect(shown.join("")).not.toContain(token);
      expect(await second.stop()).toEqual({ code: 0, signal: null });
    });
    await server.close();
  }, 120_000);
}

async function limited({ listeners: [listener] }: UnitStatus): Promise<readonly number[]> {
  const ask = async () => (await fetch(`http://${listener?.address}/tasks/none`, CLOSE)).status;
  return [await ask(), await ask()];
}

const text = async ({ controlPath }: Daemon, path: string) => (await askControl(controlPath, path))?.body ?? "";
const ask = async (daemon: Daemon, path: string) => JSON.parse(await text(daemon, path));
const metrics = (daemon: Daemon) => text(daemon, "/metrics");
const sourceOf = async (daemon: Daemon) => (await daemon.status()).supervisor.config_source;

function logged(daemon: Daemon, what: string): Promise<unknown> {
  return eventually(() => daemon.read("tmp/daemon.log").includes(what), 20_000, what);
}
