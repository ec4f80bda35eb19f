import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { Hono } from "hono";
import { serve } from "../services/kit/serve.ts";
import { closedLoop } from "../test/kit/fixtures/closed-loop.ts";
import { commandOf, type RuntimeName } from "../test/kit/fixtures/generation.ts";

/**
 * What serving on a handed-over listener costs: the same Hono app on the runtime's own server at its own port (`native`),
 * and through the kit on an inherited listener (`handed`), in alternating runs of one second.
 * `ratio` is the median over the pairs of handed / native; `cpu_ratio` the same for requests per second of the server's
 * processor time, which says more on a machine that others use too. The budget is 0.97.
 * Run: `bun bench/kit-throughput.ts [--json] [--pairs N]`. Uses wrk when it is on the PATH, else sockets of its own.
 */
const CLIENTS = 32;
const RUN_MS = 1000;

type Kind = "native" | "handed";
type Server = Readonly<{ child: ChildProcess; pid: number; port: number }>;
type Run = Readonly<{ rate: number; perCpuSecond: number }>;
type Row = Readonly<{
  runtime: RuntimeName;
  path: string;
  native_rps: number;
  handed_rps: number;
  ratio: number;
  cpu_ratio: number;
}>;

const [role, ...rest] = process.argv.slice(2);
if (role === "native" || role === "handed") await beServer(role);
else await measure([role ?? "", ...rest]);

async function measure(args: readonly string[]): Promise<void> {
  const pairs = Number(args[args.indexOf("--pairs") + 1]) || 15;
  const rows: Row[] = [];
  for (const runtime of ["bun", "deno"] as const) {
    const servers = { native: await startServer(runtime, "native"), handed: await startServer(runtime, "handed") };
    for (const path of ["/", "/async"]) rows.push(await compare(runtime, path, servers, pairs));
    for (const { child } of Object.values(servers)) child.kill("SIGKILL");
  }
  if (args.includes("--json")) console.log(JSON.stringify({ name: "kit-throughput", pairs, rows }));
  else console.table(rows);
}

async function compare(
  runtime: RuntimeName,
  path: string,
  servers: Readonly<Record<Kind, Server>>,
  pairs: number,
): Promise<Row> {
  const runs: Record<Kind, Run[]> = { native: [], handed: [] };
  for (const kind of ["native", "handed"] as const) await load(servers[kind], path);
  for (let pair = 0; pair < pairs; pair += 1) {
    const order: Kind[] = pair % 2 === 0 ? ["native", "handed"] : ["handed", "native"];
    for (const kind of order) runs[kind].push(await load(servers[kind], path));
  }
  const ratioOf = (figure: keyof Run) =>
    median(runs.handed.map((run, pair) => run[figure] / (runs.native[pair]?.[figure] ?? 1)));
  return {
    runtime,
    path,
    native_rps: Math.round(median(runs.native.map(({ rate }) => rate))),
    handed_rps: Math.round(median(runs.handed.map(({ rate }) => rate))),
    ratio: Number(ratioOf("rate").toFixed(3)),
    cpu_ratio: Number(ratioOf("perCpuSecond").toFixed(3)),
  };
}

async function load({ pid, port }: Server, path: string): Promise<Run> {
  const before = cpuSeconds(pid);
  const rate = hasWrk() ? wrkRate(port, path) : await socketRate(port);
  return { rate, perCpuSecond: (rate * RUN_MS) / 1000 / (cpuSeconds(pid) - before) };
}

function hasWrk(): boolean {
  return spawnSync("wrk", ["--version"]).error === undefined;
}

function wrkRate(port: number, path: string): number {
  const args = ["-t1", `-c${CLIENTS}`, `-d${RUN_MS / 1000}s`, `http://127.0.0.1:${port}${path}`];
  const { stdout } = spawnSync("wrk", args, { encoding: "utf8" });
  const errors = /Socket errors.*|Non-2xx.*/.exec(stdout);
  if (errors) throw new Error(errors[0]);
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]);
}

async function socketRate(port: number): Promise<number> {
  const loop = closedLoop({ port }, { keeping: CLIENTS, single: 0 });
  await new Promise((resolve) => setTimeout(resolve, RUN_MS));
  await loop.stop();
  return ([...loop.answers.values()].reduce((sum, count) => sum + count, 0) * 1000) / RUN_MS;
}

/** User and system time. Source: proc_pid_stat(5), fields 14 and 15, in ticks of 10 ms. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").at(-1)?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** The listener is opened here and nobody but the server accepts on it. */
async function startServer(runtime: RuntimeName, kind: Kind): Promise<Server> {
  const { openShared } = await import("../test/kit/fixtures/shared-listener.ts");
  const listener = openShared("v4");
  const child = spawn(
    "/bin/sh",
    ["-c", 'LISTEN_PID=$$ exec "$0" "$@"', ...commandOf(runtime, import.meta.filename), kind],
    {
      stdio: ["ignore", "pipe", "inherit", listener.fd],
      env: { ...process.env, LISTEN_FDS: "1", LISTEN_FDNAMES: "http", NODE_ENV: "production" },
    },
  );
  const { stdout } = child;
  if (!stdout) throw new Error("the server has no stdout");
  const port = await new Promise<number>((resolve) =>
    createInterface({ input: stdout }).once("line", (line) => resolve(Number(line))),
  );
  return { child, pid: child.pid ?? 0, port };
}

async function beServer(kind: Kind): Promise<void> {
  const app = new Hono();
  app.get("/", (c) => c.text("hello"));
  app.get("/async", async (c) => c.text(await Promise.resolve("hello")));
  if (kind === "native") return beNative(app);
  const { address, mode, reason } = await serve(app);
  if (mode !== "native-inherited") throw new Error(`handed, but ${mode}: ${reason}`);
  console.log(address.split(":").at(-1));
}

/** The runtime's own server, as its manual starts it. */
function beNative({ fetch }: Hono): void {
  const where = { hostname: "127.0.0.1", port: 0 };
  const { Bun: bun, Deno: deno } = globalThis as unknown as Record<"Bun" | "Deno", Runtime | undefined>;
  if (bun) console.log(bun.serve({ ...where, fetch }).port);
  else console.log(deno?.serve({ ...where, onListen: () => {} }, fetch).addr.port);
}

type Runtime = { serve(options: object, handler?: unknown): { port: number; addr: { port: number } } };
