import { type Daemon, withDaemon } from "../test/support/daemon.ts";
import { eventually } from "../test/support/eventually.ts";
import { type Load, startLoad } from "../test/support/load.ts";
import { descriptorsOf } from "../test/support/proc.ts";
import type { RuntimeName } from "../test/support/root.ts";
import type { Figure, Flags } from "./figure.ts";
import { addressOf } from "./handovers.ts";
import { createRandom } from "./random.ts";
import { faults, sharedFaults } from "./soak/faults.ts";
import { AFTERMATH_MS, explain } from "./soak/loss.ts";
import { atRest, type Fault, order, type Place } from "./soak/place.ts";
import { createTurnstile, type Turnstile } from "./soak/turnstile.ts";
import { rootOf, unitText } from "./soak/unit.ts";
import { deathsIn } from "./stamps.ts";

/**
 * Every fault at random, one after the other on a service on Bun and on one on Deno at once, under load, for `--minutes N` of a daemon on
 * each; then the ledger. A request may fail only with a process that was ended on purpose and had accepted its connection: `failed with
 * them` counts these, `in hand` is how many there could have been. Whatever else fails, is left behind, or has another verdict
 * than it should ends the bench with 1. `--seed N` draws the same faults again; 0 draws a seed.
 */
export const name = "soak";
export const isLong = true;
export const flags = { minutes: 5, seed: 0, connections: 12, singles: 4, thinkMs: 5 };

const SETTLE_MS = 10_000;
const names = ["bun", "deno"] as const;
/** What is alive when all is done: the daemon, whoever holds what is parked, and one process of each unit. */
const PROCESSES = 2 + names.length;

type Tormented = Place & Readonly<{ load: Load; counts: Map<string, number>; surprises: string[] }>;
type Row = readonly (string | number)[];

export async function run(wanted: Flags<typeof flags>): Promise<Figure> {
  const seed = wanted.seed || 1 + Math.floor(Math.random() * 1e9);
  console.log(`soak: --seed ${seed}`);
  const rows: Row[] = [];
  for (const runtime of names) rows.push(...(await soak(runtime, seed, wanted)));
  const counts = ["requests", "answers", "in hand", "failed with them", "failed", "faults", "generations"];
  return { columns: ["service on daemon", ...counts, "descriptors", "processes"], rows };
}

async function soak(runtime: RuntimeName, seed: number, wanted: Flags<typeof flags>): Promise<readonly Row[]> {
  const rows: Row[] = [];
  await withDaemon({ runtime, ...rootOf(names) }, async (daemon) => {
    const descriptors = descriptorsOf(daemon.pid).length;
    const places: Tormented[] = [];
    for (const [index, unit] of names.entries()) places.push(await begin(daemon, unit, seed + index, wanted));
    const endsAtMs = performance.now() + wanted.minutes * 60_000;
    const turnstile = createTurnstile();
    await Promise.all(places.map((place) => torment(place, turnstile, endsAtMs)));
    for (const place of places) rows.push(await ledger(place, runtime));
    rows.push([`left behind by ${runtime}`, ...(await leftBehind(daemon, descriptors))]);
    for (const { unit, surprises } of places) {
      for (const surprise of surprises) console.error(`${unit} on ${runtime}: ${surprise}`);
    }
    if (places.some(({ surprises }) => surprises.length > 0)) process.exitCode = 1;
  });
  return rows;
}

async function begin(daemon: Daemon, unit: RuntimeName, seed: number, wanted: Flags<typeof flags>): Promise<Tormented> {
  const { connections: keepAlive, singles: oneShot, thinkMs } = wanted;
  const address = await addressOf(daemon, unit);
  const load = await startLoad({ address, keepAlive, oneShot, thinkMs, limitMs: 30_000 }, daemon.environment);
  let version = 0;
  const rewrite = () => daemon.write(`units/${unit}.toml`, unitText(unit, ++version));
  const port = Number(address.split(":").at(-1));
  const books = { losses: [], counts: new Map<string, number>(), surprises: [] };
  return { daemon, unit, port, clients: keepAlive + oneShot, draw: createRandom(seed), rewrite, load, ...books };
}

async function torment(place: Tormented, { beside, alone }: Turnstile, endsAtMs: number): Promise<void> {
  const own = Object.entries<Fault>(faults).map(([fault, happen]) => ({ fault, happen, when: beside }));
  const shared = Object.entries<Fault>(sharedFaults).map(([fault, happen]) => ({ fault, happen, when: alone }));
  const all = [...own, ...shared];
  while (performance.now() < endsAtMs) {
    const { fault, happen, when } = all[place.draw(all.length)] ?? {};
    if (!fault || !happen || !when) continue;
    const surprise = await when(async () => {
      const found = await happen(place);
      await atRest(place);
      return found;
    });
    place.counts.set(fault, (place.counts.get(fault) ?? 0) + 1);
    if (surprise) place.surprises.push(`${fault}: ${surprise}`);
  }
  await order(place, "scale", { instances: 1 });
}

async function ledger(place: Tormented, runtime: RuntimeName): Promise<Row> {
  const { daemon, unit, losses, counts, surprises, load } = place;
  const { generation } = await atRest(place);
  const tally = await load.stop();
  for (const { atMs, inHand } of deathsIn(daemon.path).filter((death) => death.unit === unit)) {
    losses.push({ unit, fromMs: atMs, untilMs: atMs + AFTERMATH_MS, inHand });
  }
  const { explained, beyond, others } = explain(tally, losses);
  if (beyond > 0) surprises.push(...others.map(({ text }) => text), `${beyond} requests failed`);
  for (const { atMs } of others.slice(0, 1)) surprises.push(...said(daemon, unit, atMs));
  console.log(`${unit} on ${runtime}: ${[...counts].map(([fault, count]) => `${fault} ${count}`).join(", ")}`);
  const inHand = losses.reduce((sum, loss) => sum + loss.inHand, 0);
  const happened = [...counts.values()].reduce((sum, count) => sum + count, 0);
  await daemon.until(unit, ({ instances }) => instances.length === 1, "one is left", SETTLE_MS);
  return [`${unit} on ${runtime}`, tally.requests, tally.ok, inHand, explained, beyond, happened, generation, "", ""];
}

/** What the supervisor said of a unit shortly before something failed. */
function said(daemon: Daemon, unit: string, failedAtMs: number): readonly string[] {
  const lines = daemon.read("tmp/daemon.log").split("\n");
  return lines.filter((line) => {
    if (!line.startsWith("{") || !line.includes(`"unit":"${unit}"`)) return false;
    const sinceMs = failedAtMs - Date.parse(JSON.parse(line).time);
    return sinceMs > -1_000 && sinceMs < SETTLE_MS;
  });
}

/** What there is more of than at the beginning. */
async function leftBehind(daemon: Daemon, descriptors: number): Promise<Row> {
  const beyond = (now: number, before: number): number => Math.max(0, now - before);
  const more = () => [
    beyond(descriptorsOf(daemon.pid).length, descriptors),
    beyond(daemon.processes().length, PROCESSES),
  ];
  await eventually(() => more().every((count) => count === 0), SETTLE_MS, "nothing is left behind", more).catch(
    (error: unknown) => {
      process.exitCode = 1;
      console.error(error instanceof Error ? error.message : error);
    },
  );
  return ["", "", "", "", "", "", "", ...more()];
}
