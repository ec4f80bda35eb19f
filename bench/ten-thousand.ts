import { type Daemon, withDaemon } from "../test/support/daemon.ts";
import { alike } from "../test/support/matrix.ts";
import { descriptorsOf } from "../test/support/proc.ts";
import type { Figure, Flags } from "./figure.ts";
import { drained, generationUnit, mustHandOver } from "./handovers.ts";
import { anonKbOf } from "./memory.ts";
import { tenths } from "./quantile.ts";

/**
 * What is left behind by handovers, one after the other without a pause: descriptors and private memory of the supervisor and of
 * the generation that serves. Memory goes up and down with the collection of garbage, so quarters are compared by their least: the
 * second tells how much it is once everything has found its size, the last whether that grows.
 */
export const name = "ten-thousand";
export const isLong = true;
export const flags = { handovers: 10_000, samples: 40 };

/** Units: `…Kb` KiB. */
type Sample = Readonly<{ handovers: number; fds: number; anonKb: number; serviceFds: number; serviceAnonKb: number }>;

export async function run({ handovers, samples }: Flags<typeof flags>): Promise<Figure> {
  const rows: (string | number)[][] = [];
  for (const { daemon: runtime, service } of alike) {
    await withDaemon({ runtime, units: { "api.toml": generationUnit(service) } }, async (daemon) => {
      const taken: Sample[] = [];
      const every = Math.max(1, Math.floor(handovers / samples));
      const beganMs = performance.now();
      for (let times = 1; times <= handovers; times++) {
        await mustHandOver(daemon);
        if (times % every === 0) taken.push(await look(daemon, times));
      }
      const perSecond = tenths(handovers / ((performance.now() - beganMs) / 1000));
      rows.push([`${service} on ${runtime}`, handovers, perSecond, ...grown(taken)]);
    });
  }
  const supervisor = ["fds grown", "first MB", "least MB in 2nd quarter", "least MB in last quarter", "KB per 1000"];
  const served = ["service fds grown", "service MB grown"];
  return { columns: ["service on daemon", "handovers", "per second", ...supervisor, ...served], rows };
}

async function look(daemon: Daemon, handovers: number): Promise<Sample> {
  await drained(daemon);
  const { main_pid } = await daemon.unit("api");
  const pid = main_pid ?? 0;
  return {
    handovers,
    fds: descriptorsOf(daemon.pid).length,
    anonKb: anonKbOf(daemon.pid),
    serviceFds: descriptorsOf(pid).length,
    serviceAnonKb: anonKbOf(pid),
  };
}

function grown(taken: readonly Sample[]): readonly number[] {
  const [first, last] = [taken[0], taken.at(-1)];
  // A question that was answered a moment ago may still have its descriptor.
  const fds = (quarter: number) => Math.min(...quarterOf(taken, quarter).map((sample) => sample.fds));
  const [second, fourth] = [leastOf(taken, 1), leastOf(taken, 3)];
  if (!first || !last || !second || !fourth) throw new Error("too few samples");
  const thousands = (fourth.handovers - second.handovers) / 1000;
  return [
    fds(3) - fds(0),
    ...[first, second, fourth].map(({ anonKb }) => tenths(anonKb / 1024)),
    tenths((fourth.anonKb - second.anonKb) / thousands),
    last.serviceFds - first.serviceFds,
    tenths((last.serviceAnonKb - first.serviceAnonKb) / 1024),
  ];
}

/** The sample of a quarter, 0 to 3, with the least memory: the one nearest behind a collection of garbage. */
function leastOf(taken: readonly Sample[], quarter: number): Sample | undefined {
  return quarterOf(taken, quarter).toSorted((left, right) => left.anonKb - right.anonKb)[0];
}

function quarterOf(taken: readonly Sample[], quarter: number): readonly Sample[] {
  const [from, to] = [quarter, quarter + 1].map((each) => Math.floor((each * taken.length) / 4));
  return taken.slice(from, to);
}
