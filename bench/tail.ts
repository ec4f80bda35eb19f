import { withDaemon } from "../test/support/daemon.ts";
import type { Second } from "../test/support/load/tally.ts";
import { startLoad } from "../test/support/load.ts";
import { alike } from "../test/support/matrix.ts";
import type { Figure, Flags } from "./figure.ts";
import { addressOf, drained, generationUnit, mustHandOver, wallMs } from "./handovers.ts";
import { quantile, tenths } from "./quantile.ts";

/**
 * What a handover does to the slowest requests: p99.9 of the seconds that hold a whole handover, against the quiet seconds of the
 * same run. Of every three seconds the first has a handover, the second is left out, the third is quiet.
 * `--connections N` are kept alive: once they think `--thinkMs N` between two requests, so that the machine has room for a second process,
 * and once they ask as fast as they are answered, as in `thousand`.
 */
export const name = "tail";
export const isLong = true;
export const flags = { handovers: 40, connections: 1000, thinkMs: 200 };

const ROUND_S = 3;
/** Into the second, before it is asked for. */
const LEAD_MS = 50;

export async function run(wanted: Flags<typeof flags>): Promise<Figure> {
  const rows: (string | number)[][] = [];
  for (const pairing of alike) {
    for (const thinkMs of [wanted.thinkMs, 0]) rows.push([...(await measured(pairing, { ...wanted, thinkMs }))]);
  }
  const compares = ["quiet p50 ms", "p50 ms", "quiet p99.9 ms", "p99.9 ms", "ratio of p99.9", "quiet max ms", "max ms"];
  return { columns: ["service on daemon", "thinks ms", "handovers", "failed", "requests/s", ...compares], rows };
}

async function measured(
  { daemon: runtime, service }: (typeof alike)[number],
  { handovers, connections: keepAlive, thinkMs }: Flags<typeof flags>,
): Promise<readonly (string | number)[]> {
  let row: readonly (string | number)[] = [];
  await withDaemon({ runtime, units: { "api.toml": generationUnit(service) } }, async (daemon) => {
    const order = { address: await addressOf(daemon), keepAlive, oneShot: 0, thinkMs, thinkEvenly: true };
    const load = await startLoad(order, daemon.environment);
    for (let round = 1; round <= handovers; round++) {
      await until(load.startedAtMs + round * ROUND_S * 1000 + LEAD_MS);
      await mustHandOver(daemon);
      await drained(daemon);
    }
    await until(load.startedAtMs + (handovers + 1) * ROUND_S * 1000);
    const { seconds, requests, failed, durationMs } = await load.stop();
    const whole = seconds.slice(ROUND_S, -1);
    const busy = whole.filter((_, index) => index % ROUND_S === 0);
    const quiet = whole.filter((_, index) => index % ROUND_S === ROUND_S - 1);
    const rate = Math.round(requests / (durationMs / 1000));
    row = [`${service} on ${runtime}`, thinkMs, busy.length, failed, rate, ...compared(busy, quiet)];
  });
  return row;
}

/** Each figure is the median of those of the seconds. */
function compared(busy: readonly Second[], quiet: readonly Second[]): readonly number[] {
  const of = (seconds: readonly Second[], pick: keyof Second["latencyMs"]) =>
    quantile(
      seconds.map(({ latencyMs }) => latencyMs[pick]),
      0.5,
    );
  const pairs = (["p50", "p999", "max"] as const).map((pick) => [of(quiet, pick), of(busy, pick)] as const);
  const [p50 = [0, 0], p999 = [0, 0], max = [0, 0]] = pairs;
  return [...p50, ...p999, tenths(p999[1] / p999[0]), ...max];
}

function until(atMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, atMs - wallMs())));
}
