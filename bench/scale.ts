import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { askControl } from "../test/support/control.ts";
import { type Daemon, withDaemon } from "../test/support/daemon.ts";
import { eventually } from "../test/support/eventually.ts";
import { alike } from "../test/support/matrix.ts";
import { shellUnit } from "../test/support/unit-text.ts";
import { within } from "../test/support/within.ts";
import { asked } from "./asked.ts";
import type { Figure } from "./figure.ts";
import { median } from "./median.ts";

/**
 * What a crowd and noisy neighbours cost: how long a killed unit takes to be back alone, and beside one in a crash loop and
 * one that prints without a pause; how long `status` takes with 500 units, at rest and while 100 of them are restarted.
 */
export const name = "scale";

const RESPAWNS = 30;
const UNITS = 500;
/** A hundred of them. */
const RESTARTED = "u0*";
/** Whoever asks again and again takes one of two cores for his answers. Units: milliseconds. */
const BETWEEN_MS = 10;
const BOUND_MS = 60_000;

/** No pause before a restart, and no end of them. */
const service = { restart: '"always"', restart_sec: '"0"', start_limit_burst: "0" };
/** Notes when it was there. Units: nanoseconds of the wall clock, in a file of its process. */
const quiet = shellUnit("date +%%s%%N > stamp.$$ && mv stamp.$$ back.$$ && exec sleep 1000000", { service });
const noise = {
  "crash.toml": shellUnit("exit 1", { service }),
  "flood.toml": shellUnit("exec yes", { service, output: { max_size: '"1M"', max_files: "1" } }),
};

export async function run(): Promise<Figure> {
  const rows: (string | number)[][] = [];
  for (const { daemon: runtime } of alike) {
    const alone = await respawns({ runtime, units: { "quiet.toml": quiet } });
    const beside = await respawns({ runtime, units: { "quiet.toml": quiet, ...noise } });
    const ratio = Math.round((median(beside) / median(alone)) * 100) / 100;
    rows.push([
      runtime,
      median(alone),
      median(beside),
      ratio,
      tenths(Math.max(...beside)),
      ...(await answers(runtime)),
    ]);
  }
  const respawn = ["respawn ms", "with noise ms", "ratio", "max with noise ms"];
  const status = ["status p50 ms", "restarting p50 ms", "restarting p99 ms", "restarting max ms"];
  return { columns: ["runtime", ...respawn, ...status], rows };
}

async function respawns(order: Parameters<typeof withDaemon>[0]): Promise<readonly number[]> {
  const taken: number[] = [];
  await withDaemon(order, async (daemon) => {
    for (let times = 0; times < RESPAWNS; times++) {
      const { main_pid: pid } = await daemon.unit("quiet");
      await backAt(daemon, pid ?? 0);
      const killedAtMs = performance.timeOrigin + performance.now();
      process.kill(pid ?? 0, "SIGKILL");
      const next = await daemon.until("quiet", (unit) => ![pid, null].includes(unit.main_pid), "it is back", BOUND_MS);
      taken.push((await backAt(daemon, next.main_pid ?? 0)) - killedAtMs);
    }
  });
  return taken;
}

/** When a process of the quiet unit was there. */
async function backAt(daemon: Daemon, pid: number): Promise<number> {
  const read = (): number | null => {
    try {
      return Number(readFileSync(join(daemon.path, `back.${pid}`), "utf8")) / 1e6;
    } catch {
      return null; // Not there yet.
    }
  };
  return eventually(read, BOUND_MS, `process ${pid} is there`);
}

/** The time of each `status`: the median at rest, then median, 99th percentile and longest while many are restarted. */
async function answers(runtime: "bun" | "deno"): Promise<readonly number[]> {
  const names = Array.from({ length: UNITS }, (_, index) => `u${String(index).padStart(3, "0")}`);
  const units = Object.fromEntries(names.map((each) => [`${each}.toml`, shellUnit("exec sleep 1000000")]));
  const atRest: number[] = [];
  const restarting: number[] = [];
  await withDaemon({ runtime, units }, async (daemon) => {
    for (let times = 0; times < 50; times++) atRest.push(await asked(daemon.controlPath, "/v1/status"));
    let over = false;
    // Not by a command line of its own, which would take a core for as long as it needs to be there.
    const restart = askControl(daemon.controlPath, `/v1/units/${RESTARTED}/restart?wait=1m`, "POST").finally(() => {
      over = true;
    });
    while (!over) {
      restarting.push(await asked(daemon.controlPath, "/v1/status"));
      await pause(BETWEEN_MS);
    }
    const reply = await within(restart, BOUND_MS, "they are restarted");
    if (reply?.status !== 200) throw new Error(`the restart was answered with ${reply?.status}`);
  });
  const sorted = restarting.toSorted((left, right) => left - right);
  const p99 = sorted[Math.floor((sorted.length - 1) * 0.99)] ?? 0;
  return [median(atRest), median(restarting), tenths(p99), tenths(sorted.at(-1) ?? 0)];
}

const tenths = (ms: number) => Math.round(ms * 10) / 10;
