import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { commandOf, type RuntimeName } from "../test/kit/fixtures/generation.ts";
import { within } from "../test/support/within.ts";
import type { Figure, Flags } from "./figure.ts";
import { median } from "./median.ts";
import { quantile, tenths } from "./quantile.ts";
import type { ClientOrder, Counted } from "./shedding/client.ts";

/**
 * What the bundled API still does when several times as much is asked of it as it can do, with the SQLite queue. `peak`: clients that ask again as
 * soon as they are answered; the best of several numbers of them. Then `load` times that, by clients that do not wait for each other: those that are silent for
 * as long as Retry-After says (`retry-after`), those that do not listen (`deaf`), and those without the API's refusing anything (`never refused`).
 * `good`: 202 within the deadline; `share`: of the peak of the same round. Medians of the rounds; the times are those of the last.
 */
export const name = "shedding";
export const flags = { rounds: 3, seconds: 8, load: 3, deadlineMs: 1_000 };

const MAIN = fileURLToPath(new URL("../services/main.ts", import.meta.url));
const CLIENT = fileURLToPath(new URL("./shedding/client.ts", import.meta.url));
const BOUND_MS = 60_000;
const WARM_MS = 4_000;
const CONNECTIONS = 2_000;
const AT_PEAK = [16, 64, 256];
/** How often one client would like to post a task. */
const EACH_PER_SECOND = 2;

const BODY = JSON.stringify({
  type: "report.aggregate",
  payload: { rows: [{ k: "a", v: 1 }], group_by: "k", sum: "v" },
});
const HEAD = `POST /tasks HTTP/1.1\r\nHost: load.test\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\n\r\n`;

const kinds = ["peak", "retry-after", "deaf", "never refused"] as const;
type Kind = (typeof kinds)[number];
type Round = Readonly<Record<Kind, Counted & { offered: number }>>;

export async function run(wanted: Flags<typeof flags>): Promise<Figure> {
  const rows: (string | number)[][] = [];
  for (const runtime of ["bun", "deno"] as const) {
    const rounds: Round[] = [];
    for (let round = 0; round < wanted.rounds; round++) rounds.push(await measure(runtime, wanted));
    for (const kind of kinds) rows.push([runtime, kind, ...figures(rounds, kind, wanted.seconds)]);
  }
  const times = ["good p50 ms", "good p99 ms", "refused p99 ms"];
  const rates = ["offered/s", "good/s", "share %", "refused/s", "late/s", "held back/s", "unsent/s", "failed"];
  return { columns: ["runtime", "load", ...rates, ...times], rows };
}

function figures(rounds: readonly Round[], kind: Kind, seconds: number): readonly (string | number)[] {
  const of = (pick: (counted: Round[Kind], round: Round) => number) =>
    median(rounds.map((each) => pick(each[kind], each)));
  const rate = (what: "good" | "refused" | "late" | "heldBack" | "unsent") =>
    Math.round(of((each) => each[what] / seconds));
  const last = rounds.at(-1)?.[kind];
  const took = (values: readonly number[] = [], share: number) => (values.length === 0 ? "-" : quantile(values, share));
  return [
    Math.round(of(({ offered }) => offered)),
    rate("good"),
    of(({ good }, { peak }) => (good * 100) / peak.good),
    ...(["refused", "late", "heldBack", "unsent"] as const).map(rate),
    tenths(of(({ failed }) => failed)),
    ...[took(last?.goodMs, 0.5), took(last?.goodMs, 0.99), took(last?.refusedMs, 0.99)],
  ];
}

async function measure(runtime: RuntimeName, wanted: Flags<typeof flags>): Promise<Round> {
  const whole = { warmMs: WARM_MS, forMs: wanted.seconds * 1000, deadlineMs: wanted.deadlineMs };
  const [peak, after, deaf] = await withApi(runtime, ["--set", "api.shed_over_ms=200"], async (address) => {
    const best = await peakOf(address, whole);
    const perSecond = (best.good / wanted.seconds) * wanted.load;
    const open = { ...whole, address, perSecond, connections: CONNECTIONS };
    const polite = await ask({ ...open, clients: Math.ceil(perSecond / EACH_PER_SECOND) });
    return [best, polite, await ask({ ...open, clients: 0 })] as const;
  });
  const perSecond = (peak.good / wanted.seconds) * wanted.load;
  const never = await withApi(runtime, ["--set", "api.shed_over_ms=0"], (address) =>
    ask({ ...whole, address, perSecond, connections: CONNECTIONS, clients: 0 }),
  );
  const offered = { offered: perSecond };
  return {
    peak: { ...peak, offered: peak.good / wanted.seconds },
    "retry-after": { ...after, ...offered },
    deaf: { ...deaf, ...offered },
    "never refused": { ...never, ...offered },
  };
}

async function peakOf(address: string, whole: Pick<ClientOrder, "warmMs" | "forMs" | "deadlineMs">): Promise<Counted> {
  const tries: Counted[] = [];
  for (const connections of AT_PEAK)
    tries.push(await ask({ ...whole, address, connections, perSecond: 0, clients: 0 }));
  return tries.reduce((best, each) => (each.good > best.good ? each : best));
}

async function ask(order: Omit<ClientOrder, "request">): Promise<Counted> {
  const [bun = "", ...args] = commandOf("bun", CLIENT);
  const limits = { timeout: order.warmMs + order.forMs + BOUND_MS, maxBuffer: 1 << 28 };
  const { stdout } = await promisify(execFile)(
    bun,
    [...args, JSON.stringify({ ...order, request: HEAD + BODY })],
    limits,
  );
  const counted = JSON.parse(stdout) as Counted;
  if (counted.reasons.length > 0) console.error(`shedding: ${counted.failed} failed: ${counted.reasons.join(" ")}`);
  return counted;
}

async function withApi<T>(
  runtime: RuntimeName,
  settings: readonly string[],
  use: (address: string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "shedding-"));
  const sets = ["api.port=0", "queue.max_pending=100000000", `queue.url=sqlite:${folder}/queue.db`];
  const [program = "", ...args] = commandOf(runtime, MAIN);
  const all = [...args, "run", "api", ...sets.flatMap((setting) => ["--set", setting]), ...settings];
  const child = spawn(program, all, { stdio: ["ignore", "pipe", "inherit"] });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  try {
    return await use(await within(addressOf(child), BOUND_MS, "the API listens"));
  } finally {
    child.kill("SIGKILL");
    await exited;
    rmSync(folder, { recursive: true, force: true });
  }
}

async function addressOf({ stdout }: ChildProcess): Promise<string> {
  if (!stdout) throw new Error("the API has no stdout");
  for await (const line of createInterface({ input: stdout })) {
    const said = JSON.parse(line) as { event: string; address: string };
    if (said.event === "api.listening") return said.address;
  }
  throw new Error("the API ended before it listened");
}
