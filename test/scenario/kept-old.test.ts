import { expect, test } from "bun:test";
import { type Daemon, withDaemon } from "../support/daemon.ts";
import type { Tally } from "../support/load/tally.ts";
import { startLoad } from "../support/load.ts";
import { pairings } from "../support/matrix.ts";
import { apiUnit } from "../support/unit-text.ts";

const LOOPS = 16;

type Bad = Readonly<{ behaviour: string; reason: RegExp; lastLine: string }>;

const beforeReady: readonly Bad[] = [
  {
    behaviour: "exit-before-ready",
    reason: /exited with code 3 before it was ready/,
    lastLine: "no database at db.internal:5432",
  },
  { behaviour: "never-ready", reason: /was not ready within 2 s/, lastLine: "waiting for a lock" },
  // What it accepted before it was ready would have died with it.
  { behaviour: "exit-in-warm-up 600", reason: /exited with code 3 before it was ready/, lastLine: "did not fill" },
  { behaviour: "own-port", reason: /does not serve listener http/, lastLine: "which port?" },
];
const inSoak: Bad = { behaviour: "exit-in-soak 300", reason: /exited with code 1/, lastLine: "lost the database" };

for (const { daemon: runtime, service } of pairings) {
  test(`a bad generation is refused and the old one serves on: ${service} service, daemon on ${runtime}`, async () => {
    const unit = apiUnit(service, { service: { timeout_start_sec: '"2s"' }, handover: { soak_sec: '"1500ms"' } });
    await withDaemon({ runtime, units: { "api.toml": unit } }, async (daemon) => {
      for (const bad of beforeReady) {
        const tally = await underLoad(daemon, () => expectRefused(daemon, bad));
        expect(tally.samples).toEqual([]);
        expect(Object.keys(tally.generations)).toHaveLength(1);
      }
      const soaked = await underLoad(daemon, () => expectRefused(daemon, inSoak));
      expectOnlyItsOwnLost(soaked);
      const after = await underLoad(daemon, async () => {});
      expect(after.samples).toEqual([]);
    });
  }, 90_000);
}

/** Reloads into the bad generation: exit code 8, the reason and the child's last words printed, the old process still there. */
async function expectRefused(daemon: Daemon, bad: Bad): Promise<void> {
  const old = await daemon.unit("api");
  daemon.write("behaviour", bad.behaviour);
  const reload = await daemon.cli("reload", "api");
  daemon.write("behaviour", "serve");
  const printed = reload.stdout + reload.stderr;
  expect(printed).toMatch(bad.reason);
  expect(printed).toContain(bad.lastLine);
  expect(reload.code).toBe(8);
  const kept = await daemon.until("api", (unit) => unit.instances.length === 1, "only one generation is left");
  expect([kept.main_pid, kept.active_state, kept.handover.last_result]).toEqual([old.main_pid, "active", "kept-old"]);
  expect(kept.handover.reason).toMatch(bad.reason);
}

async function underLoad(daemon: Daemon, act: () => Promise<void>): Promise<Tally> {
  const address = (await daemon.unit("api")).listeners[0]?.address ?? "";
  const load = await startLoad(
    { address, keepAlive: LOOPS, oneShot: LOOPS, thinkMs: 4, leastPerLoop: 10 },
    daemon.environment,
  );
  await act();
  return load.stop();
}

/** A process that dies while it serves takes with it what it had accepted, and that alone: nobody is refused. */
function expectOnlyItsOwnLost({ fates, failed }: Tally): void {
  expect(fates).toMatchObject({ refused: 0, connect: 0, timeout: 0, wrong: 0 });
  expect(failed).toBeLessThanOrEqual(2 * LOOPS);
}
