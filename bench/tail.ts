import { withDaemon } from "../test/support/daemon.ts";
import type { Second } from "../test/support/load/tally.ts";
import { startLoad } from "../test/support/load.ts";
import { alike } from "../test/support/matrix.ts";
import type { Figure, Flags } from "./figure.ts";
import { addressOf, drained, generationUnit, mustHandOver, wallMs } from "./handovers.ts";
import { quantile, tenths } from "./quantile.ts";

/**
 * What a handover does to the slowest requests: p99.9 of the seconds in which the new generation boots and takes over, and of those in
 * which the clients come to it one after the other, against the quiet seconds of the same run. Nothing is asked of the daemon in any of them.
 * `--connections N` are kept alive: once they think `--thinkMs N` between two requests, so that the machine has room for a second process,
 * and once they ask as fast as they are answered, as in `thousand`.
 */
export const name = "tail";
export const isLong = true;
export const flags = { handovers: 20, connections: 1000, thinkMs: 200 };

/** Of every round the first second has the handover, the next is all drain, and the last is quiet. */
const ROUND_S = 7;
/** Into the second, before it is asked for. */
const LEAD_MS = 50;
/** The drain has its spread of 5 s, and one look more. */
const DRAINED_MS = 5_700;

export async function run(wanted: Flags<typeof flags>): Promise<Figure> {
  const rows: (string | number)[][] = [];
  for (const pairing of alike) {
    for (const thinkMs of [wanted.thinkMs, 0]) rows.push([...(await measured(pairing, { ...wanted, thinkMs }))]);
  }
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
      const beginsAtMs = load.startedAtMs + round * ROUND_S * 1000;
      await until(beginsAtMs + LEAD_MS);
      await mustHandOver(daemon);
      await until(beginsAtMs + DRAINED_MS);
      await drained(daemon);
    }
    await until(load.startedAtMs + (handovers + 1) * ROUND_S * 1000);
    const { seconds, requests, failed, durationMs } = await load.stop();
    const nth = (which: number) => seconds.slice(ROUND_S, -1).filter((_, index) => index % ROUND_S === which);
    const [busy, draining, quiet] = [nth(0), nth(1), nth(ROUND_S - 1)];
    const rate = Math.round(requests / (durationMs / 1000));
    row = [`${service} on ${runtime}`, thinkMs, busy.length, failed, rate, ...compared(busy, draining, quiet)];
  });
  return row;
}

const compares = [
  "quiet p50 ms",
  "p50 ms",
  "quiet p99.9 ms",
  "p99.9 ms",
  "ratio of p99.9",
  "draining p99.9 ms",
  "draining ratio",
  "quiet max ms",
  "max ms",
];

/** Each figure is the median of those of the seconds. */
function compared(busy: readonly Second[], draining: readonly Second[], quiet: readonly Second[]): readonly number[] {
  const of = (pick: keyof Second["latencyMs"]) =>
    [quiet, busy, draining].map((seconds) =>
      quantile(
        seconds.map(({ latencyMs }) => latencyMs[pick]),
        0.5,
      ),
    );
  const [[p50 = 0, busyP50 = 0], [p999 = 0, busyP999 = 0, drainingP999 = 0], [max = 0, busyMax = 0]] = [
    of("p50"),
    of("p999"),
    of("max"),
  ] as const;
  const ratios = [busyP999, drainingP999].flatMap((one) => [one, tenths(one / p999)]);
  return [p50, busyP50, p999, ...ratios, max, busyMax];
}

function until(atMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, atMs - wallMs())));
}
