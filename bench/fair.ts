import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { commandOf, type RuntimeName } from "../test/kit/fixtures/generation.ts";
import { openShared } from "../test/kit/fixtures/shared-listener.ts";
import { freePort } from "../test/support/free-port.ts";
import { startLoad } from "../test/support/load.ts";
import { within } from "../test/support/within.ts";
import type { Figure, Flags } from "./figure.ts";
import { median } from "./median.ts";

/**
 * How evenly several instances share what comes in on one port: on one inherited listener as the runtimes watch it, with EPOLLEXCLUSIVE,
 * and each on a socket of its own with SO_REUSEPORT. `kept`: connections that ask again and again; `single`: one request each.
 * `spread`: the busiest instance's share of the requests, against an even one; `least`: the idlest one's. Medians of the rounds.
 */
export const name = "fair";
export const flags = { rounds: 3, seconds: 3, instances: 4 };

const SERVICE = fileURLToPath(new URL("./services/fair.ts", import.meta.url));
const BOUND_MS = 20_000;
const TICK_MS = 10;

const manners = ["as-it-is", "exclusive", "reuse-port"] as const;
const loads = [
  ["kept", { keepAlive: 64, oneShot: 0, thinkMs: 0 }],
  ["single", { keepAlive: 0, oneShot: 64, thinkMs: 0 }],
  ["single, light", { keepAlive: 0, oneShot: 8, thinkMs: 5 }],
] as const;

type Manner = (typeof manners)[number];
type Round = Readonly<{ most: number; least: number; perSecond: number; cpuUs: number; failed: number }>;

export async function run(wanted: Flags<typeof flags>): Promise<Figure> {
  const rows: (string | number)[][] = [];
  for (const runtime of ["bun", "deno"] as const) {
    for (const [kind, load] of loads) {
      for (const manner of manners) {
        const rounds: Round[] = [];
        for (let round = 0; round < wanted.rounds; round++) rounds.push(await share(runtime, manner, load, wanted));
        const of = (pick: keyof Round) => median(rounds.map((each) => each[pick]));
        const shares = [of("most") / 100, of("least") / 100].map((each) => Math.round(each * 100) / 100);
        rows.push([runtime, kind, manner, ...shares, of("perSecond"), of("cpuUs"), of("failed")]);
      }
    }
  }
  return {
    columns: ["runtime", "load", "listener", "spread", "least", "requests/s", "cpu us/request", "failed"],
    rows,
  };
}

async function share(
  runtime: RuntimeName,
  manner: Manner,
  load: Readonly<{ keepAlive: number; oneShot: number; thinkMs: number }>,
  { seconds, instances }: Flags<typeof flags>,
): Promise<Round> {
  const listener = manner === "reuse-port" ? null : openShared("v4");
  const address = listener?.address ?? `127.0.0.1:${await freePort()}`;
  const children = Array.from({ length: instances }, () => start(runtime, manner, address, listener?.fd));
  try {
    await Promise.all(children.map(serves));
    const before = cpuMsOf(children);
    const running = await startLoad({ address, ...load });
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    const { requests, ok, failed, durationMs, generations } = await running.stop();
    const counts = children.map(({ pid }) => generations[String(pid)] ?? 0);
    const percent = (count: number) => (count * instances * 100) / ok;
    return {
      most: percent(Math.max(...counts)),
      least: percent(Math.min(...counts)),
      perSecond: Math.round(requests / (durationMs / 1000)),
      cpuUs: ((cpuMsOf(children) - before) * 1000) / ok,
      failed,
    };
  } finally {
    await Promise.all(children.map(end));
    listener?.close();
  }
}

function start(runtime: RuntimeName, manner: Manner, address: string, fd: number | undefined): ChildProcess {
  const command = commandOf(runtime, SERVICE);
  // Deno calls it unstable.
  if (runtime === "deno" && manner === "reuse-port") command.splice(-1, 0, "--unstable-net");
  command.push(manner, address.split(":").at(-1) ?? "");
  const listen = fd === undefined ? {} : { LISTEN_FDS: "1", LISTEN_FDNAMES: "http" };
  return spawn("/bin/sh", ["-c", 'LISTEN_PID=$$ exec "$0" "$@"', ...command], {
    stdio: ["ignore", "pipe", "inherit", ...(fd === undefined ? [] : [fd])],
    env: { ...process.env, ...listen },
  });
}

async function serves({ stdout }: ChildProcess): Promise<void> {
  if (!stdout) throw new Error("an instance has no stdout");
  const line = new Promise<void>((resolve) => createInterface({ input: stdout }).once("line", () => resolve()));
  await within(line, BOUND_MS, "an instance serves");
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGKILL");
  await within(exited, BOUND_MS, "an instance ends");
}

/** User and system time of all. Source: proc_pid_stat(5), fields 14 and 15, in ticks. */
function cpuMsOf(children: readonly ChildProcess[]): number {
  return children.reduce((sum, { pid }) => {
    const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").at(-1)?.split(" ") ?? [];
    return sum + (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  }, 0);
}
