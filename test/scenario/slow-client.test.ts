import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { type Daemon, withDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { alike } from "../support/matrix.ts";
import { descriptorsOf } from "../support/proc.ts";
import { type Crowd, type Manner, manners, sendCrowd } from "../support/slow-clients.ts";
import { shellUnit } from "../support/unit-text.ts";

const EACH = 60;
/** A reader of events may stay; nobody else is waited for as long. */
const SILENCE_BOUND_MS = 25_000;
const MOST_GROWTH_KIB = 192 * 1024;
const MOST_CALLERS = 256;

const units = {
  "crash.toml": shellUnit("sleep 0.2; exit 1", {
    service: { restart: '"always"', restart_sec: '"50ms"', start_limit_burst: "1000" },
  }),
};

// Both at once: most of it is waiting.
test(
  "clients that are many, slow, mute or rude hold up nothing, and do not stay: on Bun and on Deno",
  () => Promise.all(alike.map(({ daemon: runtime }) => withDaemon({ runtime, units }, besiege))),
  90_000,
);

async function besiege(daemon: Daemon): Promise<void> {
  const before = { descriptors: descriptorsOf(daemon.pid).length, memoryKib: memoryKib(daemon) };
  const all = Object.keys(manners) as Manner[];
  const crowd = sendCrowd(daemon.controlPath, EACH, all);
  try {
    await expectAlive(daemon);
    expect(descriptorsOf(daemon.pid).length).toBeLessThan(before.descriptors + MOST_CALLERS + 20);
    await eventually(
      () => crowd.connected() < EACH * all.length,
      10_000,
      "somebody is shown the door",
      crowd.connected,
    );
    await expectGone(daemon, crowd, before.descriptors);
    await expectAlive(daemon);
    expect(memoryKib(daemon) - before.memoryKib).toBeLessThan(MOST_GROWTH_KIB);
  } finally {
    crowd.leave();
  }
}

/** Whoever asks is answered at once, and whoever crashes is restarted. */
async function expectAlive(daemon: Daemon): Promise<void> {
  const { restarts } = await daemon.unit("crash");
  await daemon.until("crash", (unit) => unit.restarts > restarts + 3, "who crashes is restarted");
  expect(await daemon.cli("status")).toMatchObject({ code: 0 });
}

/** By our side: a client that reads nothing does not notice its end. */
async function expectGone(daemon: Daemon, crowd: Crowd, before: number): Promise<void> {
  const open = () => descriptorsOf(daemon.pid).length;
  const seen = () => ({ open: open(), before, connected: crowd.connected() });
  await eventually(() => open() <= before + EACH + 10, SILENCE_BOUND_MS, "only readers of events are left", seen);
}

function memoryKib({ pid }: Daemon): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
}
