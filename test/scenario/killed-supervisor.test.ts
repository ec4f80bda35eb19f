import { expect, test } from "bun:test";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Daemon, startDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { type Load, startLoad } from "../support/load.ts";
import { alike } from "../support/matrix.ts";
import { alive } from "../support/proc.ts";
import { type Root, withRoot } from "../support/root.ts";
import { apiUnit, shellUnit } from "../support/unit-text.ts";

const LIMIT_MS = 60_000;
const STOP_MS = 600;
const REQUESTS = 200;

/** Starts the daemon of a root, waits until its units are up, and kills it. */
async function killed(root: Root): Promise<readonly (number | null)[]> {
  const first = startDaemon(root);
  await first.settled();
  const { units } = await first.status();
  first.signal("SIGKILL");
  await first.ended(5_000);
  return units.map(({ main_pid }) => main_pid);
}

/** Lets so many more requests find their fate. */
async function more(load: Load): Promise<void> {
  const before = await load.count();
  await eventually(async () => (await load.count()) >= before + REQUESTS, LIMIT_MS, "more requests are answered");
}

const lives = (root: Root) => readdirSync(join(root.stateDir, "lives"));

async function leftovers(daemon: Daemon): Promise<readonly string[]> {
  const { stdout } = await daemon.cli("events", "--json");
  const all = stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { event: string; unit: string });
  return all.filter(({ event }) => event === "service.leftover").map(({ unit }) => unit);
}

for (const { daemon: runtime, service } of alike) {
  test(
    `B10: no request fails over the death of the supervisor and the start of the next; the listeners are the same: ${runtime}`,
    async () => {
      const onPath = shellUnit("exec sleep 1000000", { "socket.admin": { listen_stream: '"./admin.sock"' } });
      const units = { "api.toml": apiUnit(service), "on-path.toml": onPath };
      await withRoot({ runtime, units }, async (root) => {
        const first = startDaemon(root);
        await first.settled();
        const before = await first.unit("api");
        const inode = statSync(join(root.path, "admin.sock")).ino;
        const [{ address = "" } = {}] = before.listeners;
        const load = await startLoad({ address, keepAlive: 8, oneShot: 8 }, root.environment);
        await more(load);
        first.signal("SIGKILL");
        await first.ended(5_000);
        await more(load);
        const next = startDaemon(root);
        await next.settled();
        await more(load);
        const { failed, samples } = await load.stop();
        expect([failed, samples]).toEqual([0, []]);
        const after = await next.unit("api");
        expect(after.main_pid).not.toBe(before.main_pid);
        expect(after.listeners).toEqual(before.listeners);
        expect(statSync(join(root.path, "admin.sock")).ino).toBe(inode);
        expect((await next.stop()).code).toBe(0);
      });
    },
    LIMIT_MS,
  );

  test(
    `B10: what a killed supervisor left running is stopped before anything is started, and named: ${runtime}`,
    async () => {
      const units = { "api.toml": apiUnit(service) };
      await withRoot({ runtime, units }, async (root) => {
        const [old] = await killed(root);
        expect(alive(old ?? 0)).toBe(true);
        const next = startDaemon(root);
        await next.settled();
        expect(alive(old ?? 0)).toBe(false);
        const { active_state, main_pid } = await next.unit("api");
        expect(active_state).toBe("active");
        expect(main_pid).not.toBe(old ?? 0);
        expect(await leftovers(next)).toEqual(["api"]);
        expect(root.read("daemon.log")).toContain(`api@1 was left running by a supervisor that was killed`);
        expect((await next.stop()).code).toBe(0);
        expect(lives(root)).toEqual([]);
      });
    },
    LIMIT_MS,
  );

  test(
    `B10: one that is deaf is killed at timeout_stop_sec, with whom it has started; strangers are not touched: ${runtime}`,
    async () => {
      const service = { timeout_stop_sec: `"${STOP_MS}ms"` };
      const deaf = shellUnit("trap '' TERM; setsid sleep 1000 & while :; do sleep 1; done", { service });
      await withRoot({ runtime, units: { "deaf.toml": deaf } }, async (root) => {
        await killed(root);
        const before = root.processes();
        const stranger = Bun.spawn(["sleep", "1000"], { env: { ...process.env, INVOCATION_ID: "0".repeat(32) } });
        const beganMs = performance.now();
        const next = startDaemon(root);
        await next.settled();
        expect(performance.now() - beganMs).toBeGreaterThanOrEqual(STOP_MS);
        expect(before.filter(({ pid }) => alive(pid))).toEqual([]);
        expect(alive(stranger.pid)).toBe(true);
        stranger.kill();
        expect(root.read("daemon.log")).toContain("it did not go when it was asked, and was killed");
        expect((await next.stop()).code).toBe(0);
      });
    },
    LIMIT_MS,
  );

  test(
    `B10: who has ended before the next supervisor comes is no leftover: ${runtime}`,
    async () => {
      await withRoot({ runtime, units: { "api.toml": apiUnit(service) } }, async (root) => {
        await killed(root);
        for (const { pid } of root.processes()) process.kill(pid, "SIGKILL");
        await eventually(() => root.processes().length === 0, 5_000, "everybody is gone");
        expect(lives(root).length).toBe(1);
        const next = startDaemon(root);
        await next.settled();
        expect(await leftovers(next)).toEqual([]);
        expect((await next.stop()).code).toBe(0);
      });
    },
    LIMIT_MS,
  );
}
