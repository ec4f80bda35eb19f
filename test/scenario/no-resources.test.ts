import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { Daemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { type Famine, forkLimit, withoutDescriptors, withoutProcesses } from "../support/famine.ts";
import { alike } from "../support/matrix.ts";
import { actor, alone, firstRelease, releasedUnit } from "../support/releases.ts";
import { sharedDaemon } from "../support/shared-daemon.ts";
import { underLoad } from "../support/under-load.ts";

const LIMIT_MS = 30_000;
const WATCH_MS = 500;
const MS_PER_TICK = 10;
/** Enough for a few clients, not for a service beside those that are kept free. */
const SPARE = 24;
if (forkLimit !== null) console.log(`no limit on processes is tried: ${forkLimit}`);
else
  console.log("no limit on processes is tried with the daemon on Bun, which itself ends when it cannot have a thread");

for (const { daemon: runtime, service } of alike) {
  describe(`daemon on ${runtime}`, () => {
    const daemonOf = sharedDaemon({ runtime, units: { "api.toml": releasedUnit() }, ...firstRelease(actor(service)) });

    test(
      "A18: without descriptors the old generation stays, who asks is told why, and the next reload finds them again",
      async () => {
        const daemon = daemonOf();
        await expectKept(daemon, () => withoutDescriptors(daemon.pid, SPARE), /Too many open files \(EMFILE\)/);
      },
      LIMIT_MS,
    );

    // Bun itself ends when its engine wants a helper thread and cannot have one; what is ours is held by test/host/conformance/famine.ts.
    test.skipIf(forkLimit !== null || runtime === "bun")(
      "without processes the old generation stays, who asks is told why, and the next reload finds them again",
      async () => {
        const daemon = daemonOf();
        await expectKept(daemon, () => withoutProcesses(daemon.pid), /Resource temporarily unavailable \(EAGAIN\)/);
      },
      LIMIT_MS,
    );

    test(
      "A18: with no descriptor at all, not even for who asks, the supervisor lives on and is heard when there are some",
      async () => {
        const daemon = daemonOf();
        const { main_pid } = await daemon.unit("api");
        // What the famine before was told of is no answer to this one.
        const told = daemon.read("tmp/daemon.log").length;
        const famine = withoutDescriptors(daemon.pid, null);
        const client = connect(daemon.controlPath).on("error", () => {});
        daemon.signal("SIGUSR2");
        const isTold = () => /handover\.kept-old.*EMFILE/.test(daemon.read("tmp/daemon.log").slice(told));
        await eventually(isTold, 5_000, "the journal tells why");
        famine.end();
        client.destroy();
        const isHeard = () => daemon.status().catch(() => null);
        await eventually(isHeard, 5_000, "it is heard");
        expect((await alone(daemon)).main_pid).toBe(main_pid);
        expect((await daemon.cli("reload", "api")).code).toBe(0);
      },
      LIMIT_MS,
    );
  });
}

/** Reloads in a famine, under load: exit code 8, the reason, the old process, no time spent on it; and then without. */
async function expectKept(daemon: Daemon, begin: () => Famine, reason: RegExp): Promise<void> {
  const old = await daemon.unit("api");
  const tally = await underLoad(daemon, async () => {
    const famine = begin();
    const { code, stderr } = await daemon.cli("reload", "api");
    const spentMs = processorMs(daemon.pid);
    await pause(WATCH_MS);
    expect(processorMs(daemon.pid) - spentMs).toBeLessThan(WATCH_MS / 4);
    famine.end();
    expect([code, stderr]).toEqual([8, expect.stringMatching(reason)]);
    expect(await alone(daemon)).toMatchObject({ main_pid: old.main_pid, handover: { last_result: "kept-old" } });
    expect((await daemon.cli("reload", "api")).code).toBe(0);
  });
  expect(tally.samples).toEqual([]);
  expect((await alone(daemon)).main_pid).not.toBe(old.main_pid);
}

/** How much processor time a process has taken so far. */
function processorMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
}
