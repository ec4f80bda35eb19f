import { type Daemon, withDaemon } from "../test/support/daemon.ts";
import { eventually } from "../test/support/eventually.ts";
import { alike } from "../test/support/matrix.ts";
import { actor } from "../test/support/releases.ts";
import type { RuntimeName } from "../test/support/root.ts";
import { underLoad } from "../test/support/under-load.ts";
import { type Sections, shellUnit } from "../test/support/unit-text.ts";
import type { Figure, Flags } from "./figure.ts";
import { quantile } from "./quantile.ts";

/**
 * How long a bad release that everybody has followed to goes on doing harm: from the first sign of it until the last of two units is
 * back on the old release, under a light load; one of them is bad. The signs: a process has ended; a probe asks one that is ill; an answer is a 500.
 * `failed`: requests without a good answer: those that a process had in hand when it ended itself, and 500s.
 * `proofMs`: a fourth of it, at most 5 s, is how often answers are compared.
 */
export const name = "rollback";
export const flags = { rounds: 10, proofMs: 20_000 };

const BOUND_MS = 60_000;
/** So long after READY the bad one shows. */
const SHOWS_MS = 500;
const LIGHT = { thinkMs: 20 };

const UNITS = ["api", "web"] as const;
/** `signMs`: how long after READY of the first unit there is a sign; null: when its process has ended. */
const kinds = [
  { kind: "crash", part: `exit ${SHOWS_MS}`, signMs: null },
  { kind: "failing probe", part: `ill ${SHOWS_MS}`, signMs: SHOWS_MS },
  { kind: "500s", part: "wrong", signMs: 0 },
] as const;

type Kind = (typeof kinds)[number];
type Line = Readonly<{ time: string; event: string; unit?: string; msg: string }>;
type Round = Readonly<{ decidedMs: number; backMs: number; failed: number }>;

export async function run({ rounds, proofMs }: Flags<typeof flags>): Promise<Figure> {
  const rows: (string | number)[][] = [];
  for (const { daemon: runtime, service } of alike) {
    const units = { "api.toml": unit(), "web.toml": unit({ unit: { after: '["api"]' } }) };
    const config = { "local.toml": `[release]\nexclude = ["tmp"]\nrollback_after_ms = ${proofMs}\n` };
    await withDaemon({ runtime, units, config, files: { script: actor(service) } }, async (daemon) => {
      await deploy(daemon, "good", 0);
      for (const kind of kinds) {
        const all: Round[] = [];
        for (let round = 0; round < rounds; round++) all.push(await take(daemon, service, kind, round));
        rows.push([`${service} on ${runtime}`, kind.kind, rounds, ...told(all)]);
      }
    });
  }
  const times = ["sign to verdict p50 ms", "sign to all back p50 ms", "sign to all back max ms"];
  return { columns: ["service on daemon", "bad release", "rounds", ...times, "failed"], rows };
}

function unit(more: Sections = {}): string {
  return shellUnit("", {
    ...more,
    service: { type: '"notify"', exec_start: '["/bin/sh", "script"]', restart_sec: '"50ms"' },
    "socket.http": { listen_stream: '"127.0.0.1:0"', backlog: "4096" },
    "probe.readiness": { listener: '"http"', path: '"/readyz"', period: '"200ms"', failure_threshold: "2" },
    handover: { soak_sec: '"100ms"', drain_sec: '"10s"' },
  });
}

async function take(daemon: Daemon, service: RuntimeName, kind: Kind, round: number): Promise<Round> {
  const id = `${kind.kind.replaceAll(" ", "-")}.${round}`;
  const bad = `[ "$SUPERVISOR_UNIT" = web ] || ${actor(service, kind.part)} # ${round}`;
  daemon.write("script", `${bad}\n${actor(service)}\n`);
  const seen = journal(daemon).length;
  const { failed } = await underLoad(
    daemon,
    async () => {
      await deploy(daemon, id, 8);
      await eventually(() => areBack(daemon), BOUND_MS, "everybody is back");
    },
    LIGHT,
  );
  const lines = journal(daemon).slice(seen);
  const taken = lines.findIndex(({ event }) => event === "release.taken-back");
  const verdictAtMs = timeOf(lines[taken]);
  const signAtMs = signIn(lines.slice(0, taken), kind);
  const back = lines.slice(taken).findLast(({ event }) => event === "handover.done" || event === "service.ready");
  return { decidedMs: verdictAtMs - signAtMs, backMs: timeOf(back) - signAtMs, failed };
}

/** The first sign of the bad release, before it was taken back. */
function signIn(lines: readonly Line[], { signMs }: Kind): number {
  if (signMs === null)
    return timeOf(lines.find(({ event, msg }) => event === "service.stopping" && msg.includes("exited")));
  return timeOf(lines.find(({ event }) => event === "service.ready")) + signMs;
}

async function deploy(daemon: Daemon, id: string, wanted: number): Promise<void> {
  const { code, stderr } = await daemon.cli("deploy", ".", "--id", id);
  if (code !== wanted) throw new Error(`deploy ${id} ended with ${code}: ${stderr}`);
}

async function areBack(daemon: Daemon): Promise<boolean> {
  const units = await Promise.all(UNITS.map((one) => daemon.unit(one)));
  return units.every(
    ({ release, instances, sub_state }) => release === "good" && instances.length === 1 && sub_state === "running",
  );
}

function journal(daemon: Daemon): readonly Line[] {
  const lines = daemon.read("tmp/daemon.log").split("\n");
  return lines.flatMap((line) => (line.startsWith("{") ? [JSON.parse(line) as Line] : []));
}

/** Units: milliseconds since 1970. Errors: throws where there is no such line. */
function timeOf(line: Line | undefined): number {
  if (!line) throw new Error("the journal does not tell of it");
  return Date.parse(line.time);
}

function told(all: readonly Round[]): readonly number[] {
  const back = all.map(({ backMs }) => backMs);
  const decided = all.map(({ decidedMs }) => decidedMs);
  const failed = all.reduce((sum, one) => sum + one.failed, 0);
  return [quantile(decided, 0.5), quantile(back, 0.5), quantile(back, 1), failed];
}
