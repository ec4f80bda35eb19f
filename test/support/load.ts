import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { eventually } from "./eventually.ts";
import type { LoadOrder } from "./load/order.ts";
import type { Tally } from "./load/tally.ts";
import { within } from "./within.ts";

const CLIENT = fileURLToPath(new URL("./load/client.ts", import.meta.url));
const BUN = fileURLToPath(new URL("../../node_modules/.bin/bun", import.meta.url));

const DEFAULTS = {
  path: "/echo",
  method: "GET",
  keepAlive: 32,
  oneShot: 32,
  thinkMs: 0,
  thinkEvenly: false,
  blindMs: 0,
  limitMs: 10_000,
  leastPerLoop: 1,
  slow: null,
} as const;

/** How much longer than its slowest request a load may take to begin, and to end. */
const PATIENCE_MS = 10_000;

export interface Load {
  /** When its first second began. Units: milliseconds since 1970, with fractions. */
  readonly startedAtMs: number;
  /** How many requests have found their fate so far. */
  count(): Promise<number>;
  /** Lets every request on its way find its fate, and counts. A second call answers the same. */
  stop(): Promise<Tally>;
}

/**
 * Starts a closed-loop load in a process of its own, so that it shares no event loop with what it judges.
 * Shape: settled once every quick loop has seen the fate of its first request, be it good or bad.
 * `environment`: with that of a root, the load is taken away together with the root when a test fails.
 */
export async function startLoad(
  order: Pick<LoadOrder, "address"> & Partial<LoadOrder>,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Load> {
  const whole: LoadOrder = { ...DEFAULTS, ...order };
  const child = spawn(BUN, ["--no-install", CLIENT, JSON.stringify(whole)], {
    env: environment,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const line = async (what: string): Promise<string> => {
    const boundMs = whole.limitMs + PATIENCE_MS;
    const { value, done } = await within(lines.next(), boundMs, `the load ${what}`).catch((error: unknown) => {
      child.kill("SIGKILL");
      throw error;
    });
    if (done) throw new Error("the load client ended by itself");
    return value;
  };
  const startedAtMs = Number((await line("runs")).split(" ")[1]);
  let tally: Promise<Tally> | null = null;
  const stop = async (): Promise<Tally> => {
    child.stdin.write("stop\n");
    const counted = JSON.parse(await line("counts")) as Tally;
    await exited;
    return counted;
  };
  return {
    startedAtMs,
    async count() {
      child.stdin.write("count\n");
      return Number(await line("counts so far"));
    },
    stop() {
      tally ??= stop();
      return tally;
    },
  };
}

/** Lets so many more requests find their fate. */
export async function more(load: Load, requests = 200, boundMs = 60_000): Promise<void> {
  const before = await load.count();
  await eventually(async () => (await load.count()) >= before + requests, boundMs, "more requests are answered");
}
