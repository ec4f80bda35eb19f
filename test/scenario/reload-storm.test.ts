import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import type { UnitStatus } from "../../supervisor/unit/status.ts";
import { askControl } from "../support/control.ts";
import type { Daemon } from "../support/daemon.ts";
import { alike } from "../support/matrix.ts";
import { actor, firstRelease, release, releasedUnit, releaseOf } from "../support/releases.ts";
import { sharedDaemon } from "../support/shared-daemon.ts";
import { underLoad } from "../support/under-load.ts";

const SOAK_MS = 600;
const SIGNALS = 200;
const ASKERS = 96;
const COMMANDS = 4;
const LOOK_MS = 4;
const LIMIT_MS = 60_000;

for (const { daemon: runtime, service } of alike) {
  const good = actor(service);

  describe(`daemon on ${runtime}`, () => {
    const units = { "api.toml": releasedUnit({ handover: { soak_sec: `"${SOAK_MS}ms"`, drain_sec: '"5s"' } }) };
    const daemonOf = sharedDaemon({ runtime, units, ...firstRelease(good) });

    test(
      "A11 B6 B20 G11: of two hundred SIGUSR2 within a second one is run and one is queued, and the last one gets what it wished for",
      () =>
        storm(daemonOf(), async (daemon) => {
          let last = "";
          for (let sent = 1; sent <= SIGNALS; sent++) {
            if (sent === SIGNALS) last = release(daemon, { script: good });
            daemon.signal("SIGUSR2");
            await pause(LOOK_MS);
          }
          return last;
        }),
      LIMIT_MS,
    );

    test(
      "B6 B20 B25 G11: a hundred who ask for a reload at once are all answered, and what they asked for runs",
      () =>
        storm(daemonOf(), async (daemon) => {
          const last = release(daemon, { script: good });
          const asked = Array.from({ length: ASKERS }, () =>
            askControl(daemon.controlPath, "/v1/units/api/reload?wait=9s", "POST"),
          );
          const ran = Array.from({ length: COMMANDS }, () => daemon.cli("reload", "api"));
          const results = (await Promise.all(asked)).map(
            (reply) => JSON.parse(reply?.body ?? "{}").verdicts?.[0].result,
          );
          expect(results).toEqual(Array(ASKERS).fill("done"));
          expect((await Promise.all(ran)).map(({ code }) => code)).toEqual(Array(COMMANDS).fill(0));
          return last;
        }),
      LIMIT_MS,
    );
  });
}

/**
 * Lets many ask for a reload, under load, and watches the process table meanwhile: never more than one process too many, and no
 * more generations than could be one after the other. `ask` gives the release that is to run in the end.
 */
async function storm(daemon: Daemon, ask: (daemon: Daemon) => Promise<string>): Promise<void> {
  const before = await daemon.unit("api");
  // One of them keeps descriptors for the next supervisor.
  const census = countChildren(daemon.pid);
  let askedForMs = 0;
  const tally = await underLoad(daemon, async () => {
    const beganMs = performance.now();
    const last = await ask(daemon);
    askedForMs = performance.now() - beganMs;
    const isThere = ({ instances, sub_state, main_pid }: UnitStatus) =>
      instances.length === 1 && sub_state === "running" && releaseOf(main_pid) === last;
    await daemon.until("api", isThere, `release ${last} serves alone`);
  });
  expect(await census()).toBe(3);
  expect(tally.samples).toEqual([]);
  const now = await daemon.unit("api");
  expect(now.generation - before.generation).toBeLessThanOrEqual(2 + Math.floor(askedForMs / SOAK_MS));
  expect([now.handover.last_result, now.restarts]).toEqual(["done", 0]);
}

/** Counts a process' children again and again; the returned function ends that and gives how many there were at most. */
function countChildren(pid: number): () => Promise<number> {
  let most = 0;
  let isOver = false;
  const counting = (async () => {
    while (!isOver) {
      most = Math.max(most, childrenOf(pid));
      await pause(LOOK_MS);
    }
  })();
  return async () => {
    isOver = true;
    await counting;
    return most;
  };
}

function childrenOf(pid: number): number {
  const lists = readdirSync(`/proc/${pid}/task`).map((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, "utf8"),
  );
  return lists
    .join(" ")
    .split(" ")
    .filter((one) => one !== "").length;
}
