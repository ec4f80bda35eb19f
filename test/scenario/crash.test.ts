import { expect, test } from "bun:test";
import { withDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { startLoad } from "../support/load.ts";
import { alike } from "../support/matrix.ts";
import { alive } from "../support/proc.ts";
import { apiUnit, shellUnit } from "../support/unit-text.ts";

for (const { daemon: runtime, service } of alike) {
  test(`A2: a killed service comes back and nobody is refused meanwhile: ${runtime}`, async () => {
    const unit = apiUnit(service, { service: { restart_sec: '"500ms"' } });
    await withDaemon({ runtime, units: { "api.toml": unit } }, async (daemon) => {
      const before = await daemon.unit("api");
      const address = before.listeners[0]?.address ?? "";
      const load = await startLoad(
        { address, keepAlive: 8, oneShot: 8, thinkMs: 4, leastPerLoop: 20 },
        daemon.environment,
      );
      await kill(before.main_pid ?? 0);
      const answer = await askOnce(address);
      const after = await daemon.until("api", (now) => now.sub_state === "running", "the service is back");
      const tally = await load.stop();
      expect(answer).toMatchObject({ n: 1, pid: after.main_pid });
      expect(after.main_pid).not.toBe(before.main_pid);
      expect(after.restarts).toBe(1);
      expect(after.last_exit).toMatchObject({ code: null, signal: "SIGKILL" });
      expect(tally.fates).toMatchObject({ refused: 0, connect: 0, timeout: 0, "wrong-status": 0, "wrong-body": 0 });
      expect(tally.failed).toBeLessThanOrEqual(16);
    });
  }, 60_000);

  test(`B19: a crash loop ends as failed, start-limit-hit, and is tried again when asked: ${runtime}`, async () => {
    const policy = {
      restart: '"always"',
      restart_sec: '"10ms"',
      start_limit_burst: "3",
      start_limit_interval_sec: '"1min"',
    };
    const unit = shellUnit("echo attempt >> attempts; echo no disk >&2; exit 7", { service: policy });
    await withDaemon({ runtime, units: { "loop.toml": unit } }, async (daemon) => {
      const failed = await daemon.until("loop", (now) => now.active_state === "failed", "it is given up");
      expect([failed.sub_state, failed.result, failed.main_pid]).toEqual(["failed", "start-limit-hit", null]);
      expect(failed.last_exit).toMatchObject({ code: 7, signal: null });
      expect(daemon.read("attempts")).toBe("attempt\n".repeat(3));
      const shown = await daemon.cli("status", "loop");
      expect(shown.code).toBe(3);
      expect(shown.stdout).toContain("start-limit-hit");
      expect(shown.stdout).toContain("no disk");
      await daemon.cli("start", "loop");
      await daemon.until("loop", (now) => now.active_state === "failed", "it is given up again");
      expect(daemon.read("attempts")).toBe("attempt\n".repeat(6));
    });
  }, 60_000);
}

async function kill(pid: number): Promise<void> {
  process.kill(pid, "SIGKILL");
  await eventually(() => !alive(pid), 2_000, "the service is dead");
}

/** One connection, made while nobody accepts: it waits in the listener's queue. */
async function askOnce(address: string): Promise<unknown> {
  const answer = await fetch(`http://${address}/echo?n=1`, {
    headers: { connection: "close" },
    signal: AbortSignal.timeout(10_000),
  });
  return answer.json();
}
