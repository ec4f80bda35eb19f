import { type Daemon, withDaemon } from "../test/support/daemon.ts";
import { startLoad } from "../test/support/load.ts";
import type { RuntimeName } from "../test/support/root.ts";
import type { Figure, Flags } from "./figure.ts";
import { addressOf, drained, generationUnit, mustHandOver } from "./handovers.ts";

/**
 * How long a drain has to leave idle connections open: clients that are idle for up to T between two requests (drawn anew each
 * time), against services that close what was idle for G. A client learns of a close `--blindMs N` after it, as over a network
 * with that round trip: whoever asks within that time fails. On a loopback without it, nearly nobody would.
 */
export const name = "idle-curve";
export const isLong = true;
export const flags = { handovers: 5, connections: 500, blindMs: 50 };

const IDLE_S = [1, 2];

export async function run(wanted: Flags<typeof flags>): Promise<Figure> {
  const rows: (string | number)[][] = [];
  for (const service of ["bun", "deno"] as const) {
    for (const idleS of IDLE_S) {
      for (const graceS of [0.2, 0.5, idleS, idleS + 1]) {
        rows.push([service, idleS, graceS, wanted.handovers, ...(await felt(service, { idleS, graceS }, wanted))]);
      }
    }
  }
  const felts = ["requests", "idle closed", "failed", "failed per handover"];
  return { columns: ["service", "T s", "G s", "handovers", ...felts], rows };
}

type Point = Readonly<{ idleS: number; graceS: number }>;

async function felt(
  service: RuntimeName,
  { idleS, graceS }: Point,
  { handovers, connections, blindMs }: Flags<typeof flags>,
): Promise<readonly number[]> {
  const unit = generationUnit(service, { service: { environment: `{ IDLE_MS = "${graceS * 1000}" }` } });
  let row: readonly number[] = [];
  await withDaemon({ runtime: "bun", units: { "api.toml": unit } }, async (daemon: Daemon) => {
    const order = { address: await addressOf(daemon), keepAlive: connections, oneShot: 0, blindMs };
    const load = await startLoad({ ...order, thinkMs: idleS * 1000, thinkEvenly: true }, daemon.environment);
    for (let times = 0; times < handovers; times++) {
      await mustHandOver(daemon);
      await drained(daemon);
    }
    const { requests, idleClosed, failed } = await load.stop();
    row = [requests, idleClosed, failed, Math.round((failed / handovers) * 100) / 100];
  });
  return row;
}
