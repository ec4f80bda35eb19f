import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import type { UnitStatus } from "../../supervisor/unit/status.ts";
import { type Daemon, startDaemon, withDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { startLoad } from "../support/load.ts";
import { alike, pairings } from "../support/matrix.ts";
import { alive, descriptorsOf } from "../support/proc.ts";
import { withRoot } from "../support/root.ts";
import { apiUnit } from "../support/unit-text.ts";

const LOAD = { keepAlive: 16, oneShot: 16, thinkMs: 10, slow: { loops: 2, ms: 300 } };
const HANDOVERS = 10;

for (const { daemon: runtime, service } of pairings) {
  test(`ten SIGUSR2 in a row lose no request: ${service} service, daemon on ${runtime}`, async () => {
    await withDaemon({ runtime, units: { "api.toml": apiUnit(service) } }, async (daemon) => {
      const load = await startLoad({ address: addressOf(await daemon.unit("api")), ...LOAD }, daemon.environment);
      await handOver(daemon);
      const second = await handOver(daemon);
      const held = await holdings(daemon);
      for (let times = 2; times < HANDOVERS; times++) await handOver(daemon);
      await eventually(
        async () => Bun.deepEquals(await holdings(daemon), held),
        2_000,
        `descriptors and files are as after the second handover: ${JSON.stringify(held)}`,
        () => [descriptorsOf(daemon.pid), daemon.specialFiles()],
      );
      const tally = await load.stop();
      expect(tally.samples).toEqual([]);
      expect(tally.failed).toBe(0);
      expect(Object.keys(tally.generations).length).toBe(HANDOVERS + 1);
      expect((await daemon.unit("api")).generation).toBe(second.generation + HANDOVERS - 2);
    });
  }, 90_000);
}

for (const { daemon: runtime, service } of alike) {
  test(`a child that works for a request in flight is not told to drain: ${service}`, async () => {
    await withDaemon({ runtime, units: { "api.toml": apiUnit(service) } }, async (daemon) => {
      const address = addressOf(await daemon.unit("api"));
      const answers = Array.from({ length: 4 }, (_, n) => fetch(`http://${address}/helper?ms=1500&n=${n}`));
      await eventually(
        () => daemon.processes().filter(({ command }) => command.includes("sleep")).length >= 4,
        5_000,
        "all four work",
      );
      await handOver(daemon);
      expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    });
  }, 60_000);
}

test("a signal that comes as soon as the pid file is there ends nobody", async () => {
  await withRoot({ runtime: "bun", units: { "api.toml": apiUnit("bun") } }, async (root) => {
    const daemon = startDaemon(root);
    await eventually(() => existsSync(`${root.stateDir}/supervisor.pid`), 10_000, "the pid file is there");
    daemon.signal("SIGUSR2");
    await daemon.settled();
    expect(await daemon.stop()).toEqual({ code: 0, signal: null });
  });
}, 60_000);

const addressOf = (unit: UnitStatus) => unit.listeners[0]?.address ?? "";

/** One SIGUSR2, waited for until the new generation is the only one. */
async function handOver(daemon: Daemon): Promise<UnitStatus> {
  const old = await daemon.unit("api");
  daemon.signal("SIGUSR2");
  const unit = await daemon.until(
    "api",
    (now) => isSuccessor(now, old),
    `generation ${old.generation + 1} serves alone`,
  );
  expect(alive(old.main_pid ?? 0)).toBe(false);
  expect(addressOf(unit)).toBe(addressOf(old));
  return unit;
}

function isSuccessor(now: UnitStatus, old: UnitStatus): boolean {
  const replaced = now.generation === old.generation + 1 && now.main_pid !== old.main_pid;
  return replaced && now.handover.last_result === "done" && now.active_state === "active" && now.instances.length === 1;
}

/** What the daemon holds between two handovers: how many descriptors, and how many sockets and fifos in its folder. */
async function holdings(daemon: Daemon): Promise<Readonly<{ descriptors: number; files: number }>> {
  await daemon.status(); // its own connection is closed again, or counted in every measure alike
  return { descriptors: descriptorsOf(daemon.pid).length, files: daemon.specialFiles().length };
}
