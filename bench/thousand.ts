import { type Daemon, withDaemon } from "../test/support/daemon.ts";
import type { Tally } from "../test/support/load/tally.ts";
import { startLoad } from "../test/support/load.ts";
import { alike } from "../test/support/matrix.ts";
import type { Figure, Flags } from "./figure.ts";
import { addressOf, generationUnit, mustHandOver } from "./handovers.ts";
import { quantile } from "./quantile.ts";
import { passagesIn, stampsIn, strayIds } from "./stamps.ts";

/**
 * Handover after handover under as much load as the machine gives, every request a POST with a number of its own, no retries:
 * how many failed, and how many were taken twice or by nobody. `READY to last accept`: by the clocks of both generations.
 * `--handovers N --requests N` are the least there are; `--connections N` are kept alive, `--singles N` carry one request each.
 */
export const name = "thousand";
export const isLong = true;
export const flags = { handovers: 1000, requests: 5_000_000, connections: 1000, singles: 0, thinkMs: 0 };

const LIMIT_MS = 60_000;
/** Half of it is for the goodbyes: the next handover comes when the old generation is gone. */
const handover = { drain_sec: '"2s"' };

export async function run(wanted: Flags<typeof flags>): Promise<Figure> {
  const rows: (string | number)[][] = [];
  for (const { daemon: runtime, service } of alike) {
    await withDaemon({ runtime, units: { "api.toml": generationUnit(service, { handover }) } }, async (daemon) => {
      const { count, afterReadyMs, tally } = await endure(daemon, wanted);
      const { lost, doubled } = strayIds(daemon.path, tally.requests);
      const accepts = passagesIn(daemon.path).map(({ lastAcceptMs }) => lastAcceptMs);
      rows.push([
        `${service} on ${runtime}`,
        count,
        ...felt(tally),
        lost,
        doubled,
        ...[0.5, 0.99].map((share) => quantile(accepts, share)),
        ...[0.5, 0.99].map((share) => quantile(afterReadyMs, share)),
      ]);
    });
  }
  return { columns: ["service on daemon", "handovers", ...feltColumns, ...takenColumns], rows };
}

const feltColumns = [
  "requests",
  "failed",
  "connections",
  "requests/s",
  "p50 ms",
  "p99.9 ms",
  "max ms",
  "longest gap ms",
];
const takenColumns = [
  "POSTs lost",
  "POSTs doubled",
  "READY to last accept p50 ms",
  "READY to last accept p99 ms",
  "READY to verdict p50 ms",
  "READY to verdict p99 ms",
];

type Endured = Readonly<{ count: number; afterReadyMs: readonly number[]; tally: Tally }>;

async function endure(daemon: Daemon, wanted: Flags<typeof flags>): Promise<Endured> {
  const { connections: keepAlive, singles: oneShot, thinkMs } = wanted;
  const address = await addressOf(daemon);
  const order = { address, method: "POST", keepAlive, oneShot, thinkMs, limitMs: LIMIT_MS } as const;
  const load = await startLoad(order, daemon.environment);
  const verdictsAtMs: number[] = [];
  while (verdictsAtMs.length < wanted.handovers || (await load.count()) < wanted.requests) {
    verdictsAtMs.push((await mustHandOver(daemon)).atMs);
  }
  const tally = await load.stop();
  await daemon.until("api", ({ instances }) => instances.length === 1, "the old generation is gone", LIMIT_MS);
  // The last one has its numbers in its memory until it drains.
  await daemon.cli("stop", "api");
  const [, ...next] = stampsIn(daemon.path);
  return {
    count: verdictsAtMs.length,
    afterReadyMs: verdictsAtMs.map((atMs, index) => atMs - (next[index]?.readyAtMs ?? 0)),
    tally,
  };
}

function felt({ requests, failed, connections, durationMs, latencyMs, longestGapMs, samples }: Tally): number[] {
  if (failed > 0) console.error(samples.join("\n"));
  const perSecond = Math.round(requests / (durationMs / 1000));
  return [requests, failed, connections, perSecond, latencyMs.p50, latencyMs.p999, latencyMs.max, longestGapMs];
}
