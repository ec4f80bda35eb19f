import { expect, test } from "bun:test";
import { mkdirSync, readlinkSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type Daemon, withDaemon } from "../support/daemon.ts";
import { startLoad } from "../support/load.ts";
import { alike } from "../support/matrix.ts";
import { apiUnit } from "../support/unit-text.ts";

for (const { daemon: runtime, service } of alike) {
  test(`a release that the second instance refuses is taken back from the first, under load: ${service}`, async () => {
    const unit = apiUnit(service, { service: { instances: "2", working_directory: '"current"' } });
    await withDaemon({ runtime, units: { "api.toml": unit }, ...first }, async (daemon) => {
      expect(await releases(daemon)).toEqual(["1", "1"]);
      const before = await pids(daemon);
      const address = (await daemon.unit("api")).listeners[0]?.address ?? "";
      const load = await startLoad({ address, keepAlive: 8, oneShot: 8, thinkMs: 5 }, daemon.environment);

      release(daemon.path, 2, "refuse-instance 2");
      const refused = await daemon.cli("reload", "api");
      expect([refused.code, refused.stderr]).toEqual([
        8,
        expect.stringContaining("exited with code 3 before it was ready"),
      ]);
      expect(await releases(daemon)).toEqual(["1", "1"]);
      const after = await pids(daemon);
      expect([after[0] === before[0], after[1] === before[1]]).toEqual([false, true]);

      release(daemon.path, 3, "serve");
      expect((await daemon.cli("reload", "api")).code).toBe(0);
      expect(await releases(daemon)).toEqual(["3", "3"]);
      expect((await load.stop()).samples).toEqual([]);
    });
  }, 90_000);
}

const first = { files: { "releases/1/behaviour": "serve" }, links: { current: "releases/1" } };

/** Puts a release beside the others and points the link at it, in one step. */
function release(root: string, number: number, behaviour: string): void {
  const folder = join(root, "releases", String(number));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "behaviour"), behaviour);
  symlinkSync(folder, join(root, "current.new"));
  renameSync(join(root, "current.new"), join(root, "current"));
}

/** The release that each instance runs, when nobody else is there any more. */
async function releases(daemon: Daemon): Promise<readonly string[]> {
  return (await pids(daemon)).map((pid) => basename(readlinkSync(`/proc/${pid}/cwd`)));
}

async function pids(daemon: Daemon): Promise<readonly number[]> {
  const unit = await daemon.until("api", ({ instances }) => instances.length === 2, "each instance has one process");
  return unit.instances.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(({ pid }) => pid ?? 0);
}
