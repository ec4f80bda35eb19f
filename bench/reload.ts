import { withDaemon } from "../test/support/daemon.ts";
import type { Tally } from "../test/support/load/tally.ts";
import { startLoad } from "../test/support/load.ts";
import { pairings } from "../test/support/matrix.ts";
import { apiUnit } from "../test/support/unit-text.ts";
import type { Figure } from "./figure.ts";

/**
 * What clients feel of hot restarts: 32 connections in a closed loop without a pause, every request's fate counted, no retries,
 * one reload after the other. Kept connections and connections for one request are measured apart.
 */
export const name = "reload";

const RELOADS = 10;
const BOUND_MS = 30_000;

const kinds = [
  { kind: "kept", keepAlive: 32, oneShot: 0 },
  { kind: "single", keepAlive: 0, oneShot: 32 },
] as const;

export async function run(): Promise<Figure> {
  const rows: (string | number)[][] = [];
  for (const { daemon: runtime, service } of pairings) {
    await withDaemon({ runtime, units: { "api.toml": apiUnit(service) } }, async (daemon) => {
      const address = (await daemon.unit("api")).listeners[0]?.address ?? "";
      for (const { kind, ...connections } of kinds) {
        const load = await startLoad({ address, ...connections }, daemon.environment);
        for (let times = 0; times < RELOADS; times++) {
          const { generation } = await daemon.unit("api");
          daemon.signal("SIGUSR2");
          await daemon.until(
            "api",
            (unit) =>
              unit.generation > generation && unit.handover.last_result === "done" && unit.instances.length === 1,
            "the handover is done",
            BOUND_MS,
          );
        }
        rows.push([`${service} on ${runtime}`, kind, RELOADS, ...felt(await load.stop())]);
      }
    });
  }
  const felts = ["requests", "failed", "requests/s", "p50 ms", "p99 ms", "max ms", "longest gap ms"];
  return { columns: ["service on daemon", "connections", "reloads", ...felts], rows };
}

function felt({ requests, failed, durationMs, latencyMs, longestGapMs }: Tally): readonly number[] {
  const perSecond = Math.round(requests / (durationMs / 1000));
  return [requests, failed, perSecond, ...[latencyMs.p50, latencyMs.p99, latencyMs.max, longestGapMs].map(tenths)];
}

const tenths = (ms: number) => Math.round(ms * 10) / 10;
