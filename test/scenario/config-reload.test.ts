import { expect, test } from "bun:test";
import { existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import type { Plan } from "../../supervisor/unit/plan.ts";
import { type Daemon, withDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { startLoad } from "../support/load.ts";
import { alike } from "../support/matrix.ts";
import { apiUnit, shellUnit } from "../support/unit-text.ts";

const LOAD = { keepAlive: 8, oneShot: 8, thinkMs: 10 };
const sleep = shellUnit("exec sleep 1000");

for (const { daemon: runtime, service } of alike) {
  const api = (port = 0, environment = "{}") =>
    apiUnit(service, {
      service: { environment },
      "socket.http": { listen_stream: JSON.stringify(`127.0.0.1:${port}`) },
    });

  test(`an edited file is handed over without a failed request, and the plan said so: ${runtime}`, async () => {
    await withDaemon({ runtime, units: { "api.toml": api(), "other.toml": sleep } }, async (daemon) => {
      const before = await daemon.unit("api");
      const other = await daemon.unit("other");
      daemon.write("units/api.toml", api(0, '{ COLOUR = "blue" }'));
      expect(await diff(daemon)).toMatchObject([
        { unit: "api", action: "handover", keys: ["service.environment.COLOUR"] },
        { unit: "other", action: "nothing" },
      ]);
      expect((await daemon.unit("api")).main_pid).toBe(before.main_pid);
      const load = await startLoad({ address: addressOf(before), ...LOAD }, daemon.environment);
      const reload = await daemon.cli("config", "reload");
      expect(reload).toEqual({
        code: 0,
        stdout: "config reload api: handed over (service.environment.COLOUR)\n",
        stderr: "",
      });
      const tally = await load.stop();
      expect(tally.samples).toEqual([]);
      expect(Object.keys(tally.generations)).toEqual(["1", "2"]);
      expect((await daemon.unit("other")).main_pid).toBe(other.main_pid);
      expect((await daemon.cli("daemon-reload")).stdout).toBe("no unit has changed\n");
    });
  }, 90_000);

  test(`a bad file is refused with its line, and nothing stops: ${runtime}`, async () => {
    await withDaemon({ runtime, units: { "api.toml": api(), "other.toml": sleep } }, async (daemon) => {
      const pids = await pidsOf(daemon);
      await daemon.until("api", (unit) => !unit.changed_on_disk, "it is as its file says");
      daemon.write("units/other.toml", "[service]\nexec_start = 7\n");
      daemon.write("units/new.toml", sleep);
      for (const verb of ["diff", "reload"]) {
        const { code, stdout, stderr } = await daemon.cli("config", verb);
        expect({ verb, code, stdout }).toEqual({ verb, code: 6, stdout: "" });
        expect(stderr).toContain("units/other.toml:2: service.exec_start: ");
      }
      daemon.signal("SIGHUP");
      await eventually(() => daemon.read("tmp/daemon.log").includes("config.refused"), 5_000, "SIGHUP is answered");
      await daemon.until("other", (unit) => unit.changed_on_disk, "status tells that the file has changed");
      expect(await pidsOf(daemon)).toEqual(pids);
      expect((await daemon.unit("api")).changed_on_disk).toBe(false);
      daemon.write("units/other.toml", sleep);
      await daemon.until("other", (unit) => !unit.changed_on_disk, "it is as its file says again");
    });
  }, 90_000);

  test(`A15: files come and go, and a renamed unit keeps its listener: ${runtime}`, async () => {
    await withDaemon({ runtime, units: { "api.toml": api(), "other.toml": sleep } }, async (daemon) => {
      const address = addressOf(await daemon.unit("api"));
      rmSync(join(daemon.path, "units/other.toml"));
      daemon.write("units/new.toml", sleep);
      renameSync(join(daemon.path, "units/api.toml"), join(daemon.path, "units/web.toml"));
      const load = await startLoad({ address, ...LOAD, keepAlive: 0 }, daemon.environment);
      expect((await daemon.cli("config", "reload")).code).toBe(0);
      const tally = await load.stop();
      expect(tally.fates).toMatchObject({ refused: 0, connect: 0 });
      const { units } = await daemon.status();
      expect(units.map(({ name, active_state }) => [name, active_state])).toEqual([
        ["new", "active"],
        ["web", "active"],
      ]);
      expect(addressOf(await daemon.unit("web"))).toBe(address);
    });
  }, 90_000);

  test(`a busy port refuses the whole plan; a free one is opened before the old one closes: ${runtime}`, async () => {
    const taken = await listening();
    await withDaemon({ runtime, units: { "api.toml": api(), "other.toml": sleep } }, async (daemon) => {
      const pids = await pidsOf(daemon);
      const address = addressOf(await daemon.unit("api"));
      rmSync(join(daemon.path, "units/other.toml"));
      daemon.write("units/api.toml", api(taken.port));
      const refused = await daemon.cli("config", "reload");
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain(`:${taken.port} is already in use by`);
      expect(refused.stderr).toMatch(/units\/api\.toml:\d+: socket\.http\.listen_stream: /);
      expect(await pidsOf(daemon)).toEqual(pids);
      expect(addressOf(await daemon.unit("api"))).toBe(address);
      await taken.close();
      expect((await daemon.cli("config", "reload")).code).toBe(0);
      const moved = await daemon.until("api", ({ listeners }) => listeners.length === 1, "the old listener is closed");
      expect(addressOf(moved)).toBe(`127.0.0.1:${taken.port}`);
      const echoed = await fetch(`http://127.0.0.1:${taken.port}/echo`, { headers: { connection: "close" } });
      expect(echoed.status).toBe(200);
      await expect(fetch(`http://${address}/echo`)).rejects.toThrow();
    }).finally(taken.close);
  }, 90_000);

  test(`a definition that does not come up is kept out by the old generation, and is tried again: ${runtime}`, async () => {
    await withDaemon({ runtime, units: { "api.toml": api() } }, async (daemon) => {
      const { main_pid } = await daemon.unit("api");
      daemon.write("behaviour", "exit-before-ready");
      daemon.write("units/api.toml", api(0, '{ COLOUR = "blue" }'));
      const kept = await daemon.cli("config", "reload");
      expect(kept.code).toBe(8);
      expect(kept.stderr).toContain("config reload api: the old generation stays: the new one exited with code 3");
      expect(await daemon.unit("api")).toMatchObject({ main_pid, outdated: true, changed_on_disk: false });
      daemon.write("behaviour", "serve");
      expect(await diff(daemon)).toMatchObject([{ action: "handover", keys: ["service.environment.COLOUR"] }]);
      expect((await daemon.cli("config", "reload")).code).toBe(0);
      expect(await daemon.unit("api")).toMatchObject({ outdated: false, handover: { last_result: "done" } });
    });
  }, 90_000);

  test(`auto_reload takes what an editor saves, and leaves alone what it cannot: ${runtime}`, async () => {
    const config = { "local.toml": "[supervisor]\nauto_reload = true\n" };
    await withDaemon({ runtime, config, units: { "api.toml": api() } }, async (daemon) => {
      const { main_pid } = await daemon.unit("api");
      const load = await startLoad({ address: addressOf(await daemon.unit("api")), ...LOAD }, daemon.environment);
      save(daemon, "units/api.toml", "[service]\nexec_start = 7\n");
      await eventually(
        () => daemon.read("tmp/daemon.log").includes("config.refused"),
        10_000,
        "the bad file is refused",
      );
      expect((await daemon.unit("api")).main_pid).toBe(main_pid);
      save(daemon, "units/api.toml", api(0, '{ COLOUR = "blue" }'));
      await daemon.until(
        "api",
        ({ generation, instances }) => generation === 2 && instances.length === 1,
        "it is taken",
      );
      expect((await load.stop()).samples).toEqual([]);
      save(daemon, "units/new.toml", sleep);
      await eventually(async () => (await daemon.status()).units.length === 2, 10_000, "a new file is taken");
      await daemon.until("new", ({ active_state }) => active_state === "active", "the new unit is started");
      save(daemon, "config/local.toml", "[supervisor]\nauto_reload = false\n");
      await eventually(async () => (await showSettings(daemon)).includes("auto_reload = false"), 10_000, "it is off");
      save(daemon, "units/new.toml", shellUnit("exec sleep 2000"));
      await daemon.until("new", ({ changed_on_disk }) => changed_on_disk, "status tells of the change alone");
      expect((await daemon.status()).supervisor.changed_on_disk).toBe(true);
    });
  }, 90_000);

  test(`settings are shown with their layers, and take effect at once: ${runtime}`, async () => {
    await withDaemon({ runtime, units: { "other.toml": sleep } }, async (daemon) => {
      const taken = await listening();
      const port = taken.port;
      daemon.write("config/local.toml", `[supervisor]\nlog_level = "debug"\nlisten = "127.0.0.1:${port}"\n`);
      expect((await daemon.cli("config", "reload")).code).toBe(1);
      expect(await showSettings(daemon)).toMatch(/log_level = "info" +# default\n/);
      await taken.close();
      expect((await daemon.cli("config", "reload")).code).toBe(0);
      const shown = await showSettings(daemon);
      expect(shown).toMatch(/log_level = "debug" +# config\/local\.toml:2\n/);
      expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
      expect((await fetch(`http://127.0.0.1:${port}/v1/config`)).status).toBe(401);
      expect((await daemon.cli("restart", "other")).code).toBe(0);
      expect(daemon.read("tmp/daemon.log")).toContain('"level":"debug"');
      rmSync(join(daemon.path, "config/local.toml"));
      expect((await daemon.cli("config", "reload")).code).toBe(0);
      await eventually(() => refuses(port), 5_000, "TCP is no longer served");
    });
  }, 90_000);
}

const addressOf = (unit: Readonly<{ listeners: readonly Readonly<{ address: string }>[] }>) =>
  unit.listeners[0]?.address ?? "";

async function diff(daemon: Daemon): Promise<Plan["units"]> {
  const { code, stdout, stderr } = await daemon.cli("config", "diff", "--json");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return (JSON.parse(stdout) as Plan).units;
}

async function showSettings(daemon: Daemon): Promise<string> {
  return (await daemon.cli("config", "show")).stdout;
}

async function pidsOf(daemon: Daemon): Promise<readonly (number | null)[]> {
  return (await daemon.status()).units.map(({ main_pid }) => main_pid);
}

/** As editors do: a new file takes the place of the old one. */
function save(daemon: Daemon, path: string, text: string): void {
  const file = join(daemon.path, path);
  writeFileSync(`${file}~`, text);
  expect(existsSync(`${file}~`)).toBe(true);
  renameSync(`${file}~`, file);
}

async function listening(): Promise<Readonly<{ port: number; close(): Promise<void> }>> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { port, close: () => new Promise((resolve) => server.close(() => resolve())) };
}

function refuses(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/healthz`).then(
    () => false,
    () => true,
  );
}
