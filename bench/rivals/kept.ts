import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../../test/support/eventually.ts";
import { startedWith } from "../../test/support/proc.ts";
import { within } from "../../test/support/within.ts";
import type { Contender, Order, Program } from "./contender.ts";
import { openRollCall, type RollCall } from "./roll-call.ts";

const BOUND_MS = 60_000;
const LEAVE_MS = 20_000;

/** A keeper at work. */
export type Kept = Readonly<{
  folder: string;
  order: Order;
  rollCall: RollCall;
  /** When its command was given. Units: milliseconds of `performance.now()`. */
  startedAtMs: number;
  /** The processes that are not programs: the keeper with all its helpers. */
  keepers(): readonly number[];
  /** Runs a command line in its environment. Units: milliseconds until it has ended. */
  timed(argv: readonly string[]): Promise<number>;
}>;

/** Shape: `(report) => argv`, where `report` is a shell line that answers the roll call. */
export type Programs = (report: string) => readonly Program[];

/** `count` programs that say once that they are there, and then sleep. */
export const sleepers = (count: number): Programs => {
  return (report) =>
    Array.from({ length: count }, (_, index) => ({
      name: `u${String(index).padStart(4, "0")}`,
      argv: ["/bin/sh", "-c", `${report}; exec sleep 1000000`],
    }));
};

/** Lets a contender keep programs, lends it at once, and takes everything away again. */
export async function withKept(
  contender: Contender,
  programs: Programs,
  use: (kept: Kept) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "sv-rival-"));
  const mark = `SUPERVISOR_TEST_ID=${folder}`;
  const rollCall = await openRollCall(folder);
  const order = contender.order(folder, programs(rollCall.report));
  const environment = { ...process.env, ...order.environment, SUPERVISOR_TEST_ID: folder };
  const run = (argv: readonly string[]) => launch(argv, folder, environment);
  const startedAtMs = performance.now();
  const child = run(order.start);
  try {
    await use({
      folder,
      order,
      rollCall,
      startedAtMs,
      keepers: () => startedWith(mark).flatMap(({ pid, command }) => (isProgram(command) ? [] : [pid])),
      async timed(argv) {
        const beganAtMs = performance.now();
        await within(once(run(argv), "exit"), BOUND_MS, argv.join(" "));
        return performance.now() - beganAtMs;
      },
    });
  } finally {
    if (order.stop) await within(once(run(order.stop), "exit"), BOUND_MS, "it stops");
    else await leave(child);
    rollCall.close();
    await eventually(() => killed(mark), BOUND_MS, "nobody is left");
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Lets it take away what it has elsewhere; whoever does not end by himself is ended by others. */
async function leave(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await within(ended, LEAVE_MS, "it ends").catch(() => undefined);
}

function launch(argv: readonly string[], folder: string, env: NodeJS.ProcessEnv): ChildProcess {
  const [program = "", ...args] = argv;
  const log = openSync(join(folder, "keeper.log"), "a");
  const child = spawn(program, args, { cwd: folder, env, stdio: ["ignore", log, log] });
  closeSync(log);
  return child;
}

const isProgram = (command: string) =>
  command.startsWith("sleep ") || command.startsWith("/bin/sh -c ") || command.startsWith("perl ");

function killed(mark: string): boolean {
  const left = startedWith(mark);
  for (const { pid } of left) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It ended by itself.
    }
  }
  return left.length === 0;
}
