import { withDaemon } from "../test/support/daemon.ts";
import { startLoad } from "../test/support/load.ts";
import { alike } from "../test/support/matrix.ts";
import type { Figure, Flags } from "./figure.ts";
import { addressOf, drained, generationUnit, mustHandOver } from "./handovers.ts";
import { median } from "./median.ts";

/**
 * What handovers take, and cost clients, with 10 to 10 000 open connections that ask 5 000 times a second together. How late answers are
 * around a handover is told by `tail`: here the first moments count, too, when all connect at once.
 */
export const name = "connections-curve";
export const flags = { handovers: 5, most: 10_000 };

const SIZES = [10, 100, 1000, 10_000];
const PER_SECOND = 5_000;

export async function run({ handovers, most }: Flags<typeof flags>): Promise<Figure> {
  const rows: (string | number)[][] = [];
  for (const { daemon: runtime, service } of alike) {
    for (const connections of SIZES.filter((size) => size <= most)) {
      await withDaemon({ runtime, units: { "api.toml": generationUnit(service) } }, async (daemon) => {
        const thinkMs = (connections / PER_SECOND) * 1000;
        const order = {
          address: await addressOf(daemon),
          keepAlive: connections,
          oneShot: 0,
          thinkMs,
          thinkEvenly: true,
        };
        const load = await startLoad(order, daemon.environment);
        const [verdicts, drains]: [number[], number[]] = [[], []];
        for (let times = 0; times < handovers; times++) {
          const { askedAtMs, atMs } = await mustHandOver(daemon);
          verdicts.push(atMs - askedAtMs);
          await drained(daemon);
          drains.push((await daemon.unit("api")).handover.drain_ms ?? 0);
        }
        const { requests, failed, latencyMs } = await load.stop();
        const felt = [requests, failed, latencyMs.p50];
        rows.push([`${service} on ${runtime}`, connections, median(verdicts), median(drains), ...felt]);
      });
    }
  }
  const felt = ["requests", "failed", "p50 ms"];
  return { columns: ["service on daemon", "connections", "reload to verdict ms", "drain ms", ...felt], rows };
}
