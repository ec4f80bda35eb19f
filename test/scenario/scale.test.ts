import { expect, test } from "bun:test";
import { statSync } from "node:fs";
import { join } from "node:path";
import type { Status } from "../../supervisor/unit/status.ts";
import { askControl } from "../support/control.ts";
import { withDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { alike } from "../support/matrix.ts";
import { type Root, withRoot } from "../support/root.ts";
import { shellUnit } from "../support/unit-text.ts";

/** Shape: `u000.toml` … `u499.toml`. */
const crowd = (count: number): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `u${String(index).padStart(3, "0")}.toml`,
      shellUnit("exec sleep 1000000"),
    ]),
  );

for (const { daemon: runtime } of alike) {
  test(`500 units start, are shown, and stop, and a restart of 100 holds up no answer: ${runtime}`, async () => {
    await withRoot({ runtime, units: crowd(500) }, async (root) => {
      expect((await root.cli("start", "--detach")).code).toBe(0);
      const before = await pids(root);
      expect(new Set(before.values()).size).toBe(500);
      const { code, stdout } = await root.cli("status");
      expect([code, stdout.split("\n").filter((line) => line.startsWith("u")).length]).toEqual([0, 500]);

      let restarted = false;
      const restart = root.cli("restart", "u0*").finally(() => {
        restarted = true;
      });
      let answers = 0;
      for (; !restarted; answers++) await statusOf(root);
      expect((await restart).code).toBe(0);
      expect(answers).toBeGreaterThan(3);

      const after = await pids(root);
      const renewed = [...after].filter(([name, pid]) => before.get(name) !== pid).map(([name]) => name);
      expect(renewed).toEqual([...before.keys()].filter((name) => name.startsWith("u0")));
      expect((await root.cli("stop")).code).toBe(0);
    });
  }, 180_000);

  test(`a crash loop and a flood of output hold up nobody else's restart: ${runtime}`, async () => {
    const noise = { restart: '"always"', restart_sec: '"0"', start_limit_burst: "0" };
    const units = {
      "crash.toml": shellUnit("exit 1", { service: noise }),
      "flood.toml": shellUnit("exec yes", { service: noise, output: { max_size: '"1M"', max_files: "1" } }),
      "quiet.toml": shellUnit("exec sleep 1000000", { service: noise }),
    };
    await withDaemon({ runtime, units }, async (daemon) => {
      // Between two files of a rotation there is none.
      const flooded = () => statSync(join(daemon.stateDir, "logs", "flood.log"), { throwIfNoEntry: false });
      for (let times = 1; times <= 5; times++) {
        const { main_pid: pid } = await daemon.unit("quiet");
        const { restarts } = await daemon.unit("crash");
        const was = flooded();
        process.kill(pid ?? 0, "SIGKILL");
        const isBack = ({ main_pid: next }: { main_pid: number | null }) => next !== null && next !== pid;
        expect((await daemon.until("quiet", isBack, "the quiet unit is back")).restarts).toBe(times);
        // The noise goes on all the time: otherwise this shows nothing.
        await daemon.until("crash", (unit) => unit.restarts > restarts, "the crash loop goes on");
        const isOther = () => flooded()?.ino !== was?.ino || flooded()?.size !== was?.size;
        await eventually(isOther, 15_000, "the flood goes on");
      }
    });
  }, 120_000);
}

async function statusOf(root: Root): Promise<Status> {
  const reply = await askControl(root.controlPath, "/v1/status");
  expect(reply?.status).toBe(200);
  return JSON.parse(reply?.body ?? "") as Status;
}

async function pids(root: Root): Promise<ReadonlyMap<string, number | null>> {
  return new Map((await statusOf(root)).units.map((unit) => [unit.name, unit.main_pid]));
}
