import { describe, expect, test } from "bun:test";
import type { UnitStatus } from "../../supervisor/unit/status.ts";
import type { Daemon } from "../support/daemon.ts";
import type { Tally } from "../support/load/tally.ts";
import { alike } from "../support/matrix.ts";
import { alive } from "../support/proc.ts";
import { actor, alone, firstRelease, release, releasedUnit } from "../support/releases.ts";
import { sharedDaemon } from "../support/shared-daemon.ts";
import { LOOPS, underLoad } from "../support/under-load.ts";
import { within } from "../support/within.ts";

const LIMIT_MS = 30_000;
const DRAIN_MS = 2_000;
const units = { "api.toml": releasedUnit({ handover: { soak_sec: '"1s"', drain_sec: `"${DRAIN_MS}ms"` } }) };

for (const { daemon: runtime, service } of alike) {
  const good = actor(service);

  describe(`daemon on ${runtime}`, () => {
    const daemonOf = sharedDaemon({ runtime, units, ...firstRelease(good) });

    test(
      "B7 B8 G20: one that is deaf to SIGTERM is killed at drain_sec, which is said, and the next reload waits for that",
      async () => {
        const daemon = daemonOf();
        const deaf = await become(daemon, actor(service, "deaf"));
        const tally = await underLoad(daemon, async () => {
          await become(daemon, good);
          expect(alive(deaf.main_pid ?? 0)).toBe(true);
          expect((await daemon.cli("reload", "api")).code).toBe(0);
        });
        expectNobodyTurnedAway(tally);
        expect(alive(deaf.main_pid ?? 0)).toBe(false);
        const told = events(daemon);
        expect(told.indexOf("handover.drain-killed")).toBeLessThan(told.lastIndexOf("handover.began"));
        await alone(daemon);
      },
      LIMIT_MS,
    );

    test(
      "A10 B8 G20: one that is stopped by a signal is killed at drain_sec, and takes no connection from the new one",
      async () => {
        const daemon = daemonOf();
        const old = await daemon.unit("api");
        process.kill(old.main_pid ?? 0, "SIGSTOP");
        expect((await daemon.cli("reload", "api")).code).toBe(0);
        const tally = await underLoad(daemon, async () => {});
        expect([tally.samples, Object.keys(tally.generations)]).toEqual([[], [`${old.generation + 1}`]]);
        const { handover, restarts } = await alone(daemon);
        expect([handover.last_result, restarts]).toEqual(["done", 0]);
        expect(handover.drain_ms).toBeGreaterThanOrEqual(DRAIN_MS);
        expect(handover.drain_ms).toBeLessThan(DRAIN_MS + 1_000);
      },
      LIMIT_MS,
    );

    test(
      "one that never ends its last stream cuts it within drain_sec, which is said",
      async () => {
        const daemon = daemonOf();
        const { listeners } = await daemon.unit("api");
        const stream = await fetch(`http://${listeners[0]?.address}/stream`);
        const over = stream.text().then(
          () => "ended",
          () => "cut",
        );
        await become(daemon, good);
        expect(["cut", "ended"]).toContain(await within(over, DRAIN_MS + 1_000, "the stream is over"));
        expect((await alone(daemon)).handover.drain_ms).toBeLessThan(DRAIN_MS + 1_000);
        expect(output(daemon)).toContain(`drain: 1 connection cut after ${DRAIN_MS - 500} ms`);
      },
      LIMIT_MS,
    );

    test(
      "B23: one that prints megabytes while it drains is not held up by that",
      async () => {
        const daemon = daemonOf();
        await become(daemon, actor(service, "wordy"));
        const tally = await underLoad(daemon, async () => {
          await become(daemon, good);
          await alone(daemon);
        });
        expect(tally.samples).toEqual([]);
        expect(events(daemon).at(-1)).toBe("handover.drained");
      },
      LIMIT_MS,
    );

    test.each([
      ["before the new one is ready", `sleep 1; ${good}`, "replacing"],
      ["while the new one is on probation", good, "soaking"],
    ])(
      "B9: one that dies %s is followed by the new one, and by no third",
      async (_, script, phase) => {
        const daemon = daemonOf();
        const tally = await underLoad(daemon, async () => {
          const old = await daemon.unit("api");
          release(daemon, { script });
          const reloaded = daemon.cli("reload", "api");
          await during(daemon, old, phase);
          process.kill(old.main_pid ?? 0, "SIGKILL");
          expect((await reloaded).code).toBe(0);
          const now = await alone(daemon);
          expect([now.generation, now.restarts, now.handover.last_result]).toEqual([old.generation + 1, 0, "done"]);
          expect(now.handover.reason).toBe("the old generation was killed by SIGKILL during the handover");
        });
        expectNobodyTurnedAway(tally);
      },
      LIMIT_MS,
    );

    test(
      "B9 B19 A2: when both die, the unit is started anew by its policy, and whoever connects meanwhile waits in the queue",
      async () => {
        const daemon = daemonOf();
        const tally = await underLoad(daemon, async () => {
          const old = await daemon.unit("api");
          release(daemon, { script: "sleep 1; exit 3" });
          const reloaded = daemon.cli("reload", "api");
          await during(daemon, old, "replacing");
          process.kill(old.main_pid ?? 0, "SIGKILL");
          const { code, stderr } = await reloaded;
          expect([code, stderr]).toEqual([1, expect.stringContaining("exited with code 3 before it was ready")]);
          release(daemon, { script: good });
          const now = await alone(daemon);
          expect(now.restarts).toBeGreaterThan(0);
          expect(events(daemon).at(-1)).toBe("handover.failed");
        });
        expectNobodyTurnedAway(tally);
      },
      LIMIT_MS,
    );
  });
}

/** Hands over into a release; the old generation may still drain. */
async function become(daemon: Daemon, script: string): Promise<UnitStatus> {
  release(daemon, { script });
  const { code, stderr } = await daemon.cli("reload", "api");
  expect([code, stderr]).toEqual([0, ""]);
  return daemon.unit("api");
}

/** Waits until the handover from `old` has come that far. */
function during(daemon: Daemon, old: UnitStatus, phase: string): Promise<UnitStatus> {
  const isThere = ({ instances }: UnitStatus) =>
    instances.some(
      ({ pid, ready_at }) => pid !== old.main_pid && pid !== null && (ready_at !== null) === (phase === "soaking"),
    );
  return daemon.until("api", isThere, `the new generation is ${phase}`);
}

/** A process that is killed takes with it what it had accepted, and that alone. */
function expectNobodyTurnedAway({ fates, failed }: Tally): void {
  expect(fates).toMatchObject({ refused: 0, connect: 0, timeout: 0 });
  expect(failed).toBeLessThanOrEqual(2 * LOOPS);
}

/** The handovers' steps so far, from the journal. */
function events(daemon: Daemon): readonly string[] {
  const lines = daemon.read("tmp/daemon.log").split("\n");
  return lines.flatMap((line) => /"event":"(handover\.[a-z-]+)"/.exec(line)?.[1] ?? []);
}

const output = (daemon: Daemon): string => daemon.read(".supervisor/logs/api.log");
