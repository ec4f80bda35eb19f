import { withDaemon } from "../test/support/daemon.ts";
import { startLoad } from "../test/support/load.ts";
import { alike } from "../test/support/matrix.ts";
import type { Figure, Flags } from "./figure.ts";
import { addressOf, generationUnit, mustHandOver } from "./handovers.ts";

/**
 * Whether anybody who comes anew is turned away: a new connection for each request, as fast as `--connections N` loops can open
 * them, while one handover follows the other.
 */
export const name = "newcomers";
export const isLong = true;
export const flags = { handovers: 100, connections: 128 };

export async function run(wanted: Flags<typeof flags>): Promise<Figure> {
  const rows: (string | number)[][] = [];
  for (const { daemon: runtime, service } of alike) {
    await withDaemon({ runtime, units: { "api.toml": generationUnit(service) } }, async (daemon) => {
      const order = { address: await addressOf(daemon), keepAlive: 0, oneShot: wanted.connections };
      const load = await startLoad(order, daemon.environment);
      for (let times = 0; times < wanted.handovers; times++) await mustHandOver(daemon);
      const { connections, failed, fates, durationMs, latencyMs, longestGapMs, samples } = await load.stop();
      if (failed > 0) console.error(samples.join("\n"));
      const refused = fates.refused + fates.connect + fates["reset-fresh"];
      const rate = Math.round(connections / (durationMs / 1000));
      const felt = [latencyMs.p50, latencyMs.p999, latencyMs.max, longestGapMs];
      rows.push([`${service} on ${runtime}`, wanted.handovers, connections, rate, refused, failed, ...felt]);
    });
  }
  const columns = ["service on daemon", "handovers", "connections", "connections/s", "refused or reset", "failed"];
  return { columns: [...columns, "p50 ms", "p99.9 ms", "max ms", "longest gap ms"], rows };
}
