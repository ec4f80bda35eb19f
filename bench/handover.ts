import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Daemon, withDaemon } from "../test/support/daemon.ts";
import { eventually } from "../test/support/eventually.ts";
import { pairings } from "../test/support/matrix.ts";
import type { RuntimeName } from "../test/support/root.ts";
import { shellUnit } from "../test/support/unit-text.ts";
import { within } from "../test/support/within.ts";
import type { Figure } from "./figure.ts";
import { median } from "./median.ts";

/**
 * How long a hot restart takes until the new generation is ready, against the same command started alone by nobody but us.
 * The difference is what the supervisor adds. Both are taken in turns, so that a busy machine is busy for both.
 */
export const name = "handover";

const TIMES = 20;
const BOUND_MS = 30_000;

type Taken = Readonly<{ aloneMs: number; readyMs: number; drainMs: number }>;

export async function run(): Promise<Figure> {
  const rows: (string | number)[][] = [];
  for (const { daemon, service } of pairings) {
    const taken = await measure(daemon, service);
    const aloneMs = median(taken.map((each) => each.aloneMs));
    const readyMs = median(taken.map((each) => each.readyMs));
    const addedMs = Math.round((readyMs - aloneMs) * 10) / 10;
    const ratio = Math.round((readyMs / aloneMs) * 100) / 100;
    rows.push([`${service} on ${daemon}`, aloneMs, readyMs, addedMs, ratio, median(taken.map((each) => each.drainMs))]);
  }
  return { columns: ["service on daemon", "alone ms", "SIGUSR2 to ready ms", "added ms", "ratio", "drain ms"], rows };
}

async function measure(runtime: RuntimeName, service: RuntimeName): Promise<readonly Taken[]> {
  const argv = commandOf(service);
  const unit = shellUnit("", {
    service: { type: '"notify"', exec_start: JSON.stringify(argv) },
    "socket.http": { listen_stream: '"127.0.0.1:0"' },
    handover: { soak_sec: "0" },
  });
  const taken: Taken[] = [];
  await withDaemon({ runtime, units: { "api.toml": unit } }, async (daemon) => {
    for (let times = 0; times < TIMES; times++) {
      const aloneMs = await startAlone(daemon, argv);
      taken.push({ aloneMs, ...(await handOver(daemon)) });
    }
  });
  return taken;
}

function commandOf(runtime: RuntimeName): readonly [string, ...string[]] {
  const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
  const binary = path(`../node_modules/.bin/${runtime}`);
  const flags = runtime === "bun" ? ["--no-install"] : ["run", "--allow-all", "--quiet"];
  return [binary, ...flags, path("./services/stamped.ts")];
}

/** The command alone: from before its spawn to what it noted when it was ready. */
async function startAlone(daemon: Daemon, [program, ...args]: readonly [string, ...string[]]): Promise<number> {
  const startedAtMs = wallMs();
  const child = spawn(program, args, { cwd: daemon.path, env: daemon.environment, stdio: "ignore" });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const readyAtMs = await readyAt(daemon, child.pid ?? 0);
  child.kill("SIGTERM");
  await within(exited, BOUND_MS, "the service alone ends");
  return readyAtMs - startedAtMs;
}

/** The hot restart: from before the signal to what the new generation noted when it was ready. */
async function handOver(daemon: Daemon): Promise<Pick<Taken, "readyMs" | "drainMs">> {
  const old = await daemon.unit("api");
  const signalledAtMs = wallMs();
  daemon.signal("SIGUSR2");
  const next = await daemon.until(
    "api",
    (unit) => unit.generation > old.generation && unit.handover.last_result === "done" && unit.instances.length === 1,
    "the handover is done",
    BOUND_MS,
  );
  const readyMs = (await readyAt(daemon, next.main_pid ?? 0)) - signalledAtMs;
  return { readyMs, drainMs: next.handover.drain_ms ?? 0 };
}

async function readyAt(daemon: Daemon, pid: number): Promise<number> {
  const file = join(daemon.path, `ready-${pid}`);
  const read = () => (existsSync(file) ? Number(readFileSync(file, "utf8")) : 0);
  return eventually(() => read() || null, BOUND_MS, `process ${pid} is ready`);
}

const wallMs = () => performance.timeOrigin + performance.now();
