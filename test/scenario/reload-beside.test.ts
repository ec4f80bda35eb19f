import { describe, expect, test } from "bun:test";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { UnitStatus } from "../../supervisor/unit/status.ts";
import type { Daemon } from "../support/daemon.ts";
import { alike } from "../support/matrix.ts";
import { actor, alone, firstRelease, release, releasedUnit, releaseOf } from "../support/releases.ts";
import { sharedDaemon } from "../support/shared-daemon.ts";
import { underLoad } from "../support/under-load.ts";

const LIMIT_MS = 30_000;
const unit = (colour: string) =>
  releasedUnit({ service: { environment: `{ COLOUR = "${colour}" }` }, handover: { soak_sec: '"100ms"' } });

for (const { daemon: runtime, service } of alike) {
  const good = actor(service);

  describe(`under load, no request fails: daemon on ${runtime}`, () => {
    const daemonOf = sharedDaemon({ runtime, units: { "api.toml": unit("white") }, ...firstRelease(good) });

    test.each([
      ["start", 1],
      ["restart", 1],
      ["scale", 2],
      ["scale", 1],
    ] as const)(
      "B6: a reload beside a %s to %i is answered, and what it asked for runs",
      async (verb, count) => {
        const daemon = daemonOf();
        await calm(daemon, async () => {
          if (verb === "start") await order(daemon, "stop", "api");
          const next = release(daemon, { script: `sleep 0.1; ${good}` });
          const ordered = daemon.cli(verb, "api", ...(verb === "scale" ? [String(count)] : []));
          if (verb === "start")
            await daemon.until("api", ({ sub_state }) => sub_state !== "dead", "the start has begun");
          const reloaded = await daemon.cli("reload", "api");
          // There is nothing to replace while a restart has stopped it; what it starts is the release that was asked for.
          expect(reloaded.stderr).toMatch(verb === "restart" ? /^$|is not active|was stopped/ : /^$/);
          expect((await ordered).code).toBe(0);
          const now = await serves(daemon, count);
          expect(now.instances.map(({ pid }) => releaseOf(pid))).toEqual(Array(count).fill(next));
        });
      },
      LIMIT_MS,
    );

    test(
      "B6: a reload beside a stop is answered, and the stop wins",
      async () => {
        const daemon = daemonOf();
        await calm(daemon, async () => {
          release(daemon, { script: `sleep 1; ${good}` });
          const reloaded = daemon.cli("reload", "api");
          await second(daemon);
          await order(daemon, "stop", "api");
          const { code, stderr } = await reloaded;
          expect([code, stderr]).toEqual([1, expect.stringContaining("was stopped")]);
          const { instances, active_state } = await daemon.unit("api");
          expect([instances, active_state]).toEqual([[], "inactive"]);
          await order(daemon, "start", "api");
        });
      },
      LIMIT_MS,
    );

    test(
      "B6: a unit file that changes in the middle of a handover is what runs in the end, by `config reload` or by itself",
      async () => {
        const daemon = daemonOf();
        await calm(daemon, async () => {
          await change(daemon, "green", good, () => order(daemon, "config", "reload"));
          daemon.write("config/local.toml", "[supervisor]\nauto_reload = true\n");
          await order(daemon, "config", "reload");
          await change(daemon, "blue", good, async () => {});
        });
      },
      LIMIT_MS,
    );
  });
}

/** Under load, of which no request fails. */
async function calm(daemon: Daemon, act: () => Promise<void>): Promise<void> {
  const tally = await underLoad(daemon, act, { limitMs: 20_000 });
  expect(tally.samples).toEqual([]);
}

/** Gives an order that must be done. */
async function order(daemon: Daemon, ...args: readonly string[]): Promise<void> {
  const { code, stderr } = await daemon.cli(...args);
  expect([code, stderr]).toEqual([0, ""]);
}

const second = (daemon: Daemon) =>
  daemon.until("api", ({ instances }) => instances.length === 2, "the new generation is there");

/** Saves a new unit file while a handover is on its way, and waits until a process has it. */
async function change(daemon: Daemon, colour: string, good: string, apply: () => Promise<void>): Promise<void> {
  const old = await daemon.unit("api");
  release(daemon, { script: `sleep 0.5; ${good}` });
  const reloaded = order(daemon, "reload", "api");
  await second(daemon);
  save(daemon, "units/api.toml", unit(colour));
  await apply();
  await reloaded;
  const has = ({ main_pid, outdated, changed_on_disk }: UnitStatus) =>
    main_pid !== old.main_pid && !outdated && !changed_on_disk && colourOf(main_pid) === colour;
  await daemon.until("api", has, `what runs is ${colour}`);
  await alone(daemon);
}

function colourOf(pid: number | null): string {
  const variables = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  return variables.find((one) => one.startsWith("COLOUR="))?.slice("COLOUR=".length) ?? "";
}

function serves(daemon: Daemon, count: number): Promise<UnitStatus> {
  const isSettled = ({ instances, sub_state }: UnitStatus) => instances.length === count && sub_state === "running";
  return daemon.until("api", isSettled, `${count} serve`);
}

/** As editors do: a new file takes the place of the old one. */
function save(daemon: Daemon, path: string, text: string): void {
  const file = join(daemon.path, path);
  writeFileSync(`${file}~`, text);
  renameSync(`${file}~`, file);
}
