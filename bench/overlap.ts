import { type Daemon, withDaemon } from "../test/support/daemon.ts";
import { startLoad } from "../test/support/load.ts";
import { pairings } from "../test/support/matrix.ts";
import { within } from "../test/support/within.ts";
import type { Figure, Flags } from "./figure.ts";
import { addressOf, drained, generationUnit, mustHandOver } from "./handovers.ts";
import { anonKbOf, childrenOf } from "./memory.ts";
import { quantile, tenths } from "./quantile.ts";
import { passagesIn, stampsIn } from "./stamps.ts";

/**
 * What it costs that there are two for a moment, under a load that leaves the machine room: how long, how many processes and how
 * much private memory at the most, and how soon after READY of the new generation the old one accepts no more and the verdict is
 * there. `memory ratio`: of all of them together, against the larger one; with one child more it is 2 at the most.
 */
export const name = "overlap";
export const flags = { handovers: 30, connections: 32, thinkMs: 10 };

const LOOK_MS = 5;
const BOUND_MS = 60_000;

type Peak = Readonly<{ processes: number; memoryRatio: number }>;

export async function run(wanted: Flags<typeof flags>): Promise<Figure> {
  const rows: (string | number)[][] = [];
  for (const { daemon: runtime, service } of pairings) {
    await withDaemon({ runtime, units: { "api.toml": generationUnit(service) } }, async (daemon) => {
      const { connections: keepAlive, thinkMs } = wanted;
      const order = { address: await addressOf(daemon), keepAlive, oneShot: 0, thinkMs };
      const load = await startLoad(order, daemon.environment);
      const verdictsAtMs: number[] = [];
      const peaks: Peak[] = [];
      for (let times = 0; times < wanted.handovers; times++) {
        const over = mustHandOver(daemon).then(async ({ atMs }) => {
          verdictsAtMs.push(atMs);
          await drained(daemon);
        });
        peaks.push(await watched(daemon, over));
      }
      const { failed } = await load.stop();
      const [, ...next] = stampsIn(daemon.path);
      const afterReadyMs = verdictsAtMs.map((atMs, index) => atMs - (next[index]?.readyAtMs ?? 0));
      rows.push([`${service} on ${runtime}`, wanted.handovers, failed, ...taken(daemon, afterReadyMs), ...most(peaks)]);
    });
  }
  const accepts = ["READY to last accept p50 ms", "READY to last accept p99 ms"];
  const verdicts = ["READY to verdict p50 ms", "READY to verdict p99 ms"];
  const times = ["boot p50 ms", "two processes p50 ms", ...accepts, ...verdicts];
  return { columns: ["service on daemon", "handovers", "failed", ...times, "processes", "memory ratio"], rows };
}

function taken(daemon: Daemon, afterReadyMs: readonly number[]): readonly number[] {
  const passages = passagesIn(daemon.path);
  const accepts = passages.map(({ lastAcceptMs }) => lastAcceptMs);
  return [
    quantile(
      passages.map(({ bootMs }) => bootMs),
      0.5,
    ),
    quantile(
      passages.map(({ overlapMs }) => overlapMs),
      0.5,
    ),
    ...[0.5, 0.99].map((share) => quantile(accepts, share)),
    ...[0.5, 0.99].map((share) => quantile(afterReadyMs, share)),
  ];
}

/** Looks at the unit's processes until the handover is over. */
async function watched(daemon: Daemon, over: Promise<void>): Promise<Peak> {
  const look = () => childrenOf(daemon.pid).map(anonKbOf).filter(Boolean);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  let [processes, peakKb, largestKb] = [0, 0, 0];
  const looking = setInterval(() => {
    const seen = look();
    processes = Math.max(processes, seen.length);
    peakKb = Math.max(peakKb, sum(seen));
    largestKb = Math.max(largestKb, ...seen);
  }, LOOK_MS);
  await within(over, BOUND_MS, "the handover is over").finally(() => clearInterval(looking));
  return { processes, memoryRatio: peakKb / largestKb };
}

function most(peaks: readonly Peak[]): readonly number[] {
  const ratios = peaks.map(({ memoryRatio }) => memoryRatio);
  return [Math.max(...peaks.map(({ processes }) => processes)), tenths(Math.max(...ratios))];
}
