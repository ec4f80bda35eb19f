import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "../control/client.ts";
import type { Status, UnitStatus } from "../unit/status.ts";
import type { Context } from "./context.ts";
import { exit } from "./exit.ts";

const LIMIT_MS = 120_000;
const ASK_EVERY_MS = 50;
const TAIL_LINES = 20;

/**
 * Runs the daemon in the background and returns when every unit that shall be up has settled, one line for each.
 * What the daemon prints goes to `<state>/supervisor.log`; when it dies at once, the end of that is shown.
 */
export async function run(context: Context): Promise<number> {
  const { stateDir, err } = context;
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const logPath = join(stateDir, "supervisor.log");
  const log = openSync(logPath, "a", 0o600);
  const logStart = fstatSync(log).size;
  const child = launch(context, log);
  closeSync(log);
  const limitMs = context.timeoutMs ?? LIMIT_MS;
  const end = await settle(child, context.client(), limitMs);
  child.unref();
  if (end.tag === "died") {
    err(`supervisor start: the supervisor did not start (${end.how}); ${logPath} ends with:`);
    for (const line of tail(logPath, logStart)) err(`    ${line}`);
    return exit.failed;
  }
  if (end.status === null) {
    err(`supervisor start: the supervisor has not answered within ${limitMs / 1000}s; see ${logPath}`);
    return exit.timedOut;
  }
  return tellUnits(context, end.status);
}

/** Starts this very program once more, as the leader of a session of its own. */
function launch(context: Context, log: number): ChildProcess {
  const { root, stateDir, flags } = context;
  const program = process.argv[1] ?? "";
  const runtimeFlags =
    process.versions.bun === undefined ? ["run", "--no-prompt", "--allow-all", "--quiet"] : ["--no-install"];
  const listen = typeof flags.listen === "string" ? ["--listen", flags.listen] : [];
  const argv = [...runtimeFlags, program, "--root", root, "--state", stateDir, "start", ...listen];
  return spawn(process.execPath, argv, { cwd: root, detached: true, stdio: ["ignore", log, log] });
}

type End = Readonly<{ tag: "died"; how: string } | { tag: "settled"; status: Status | null }>;

/** Asks until all has settled, the limit, or the child's end. At the limit gives the last status there was. */
async function settle(child: ChildProcess, client: Client, limitMs: number): Promise<End> {
  let how: string | null = null;
  child.on("error", (error) => {
    how = error.message;
  });
  child.on("exit", (code, signal) => {
    how = signal === null ? `exit code ${code}` : `killed by ${signal}`;
  });
  let status: Status | null = null;
  for (const end = performance.now() + limitMs; performance.now() < end; ) {
    const reply = await client.status();
    if (reply.tag === "ok" && reply.value.supervisor.pid === child.pid) {
      status = reply.value;
      if (status.units.every(isSettled)) break;
    }
    if (how !== null) return { tag: "died", how };
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
  return { tag: "settled", status };
}

/** A unit that is wanted but inactive has settled only when it has run: before that it waits for another one. */
function isSettled(unit: UnitStatus): boolean {
  if (unit.wanted === "down" || unit.active_state === "active" || unit.active_state === "failed") return true;
  return unit.active_state === "inactive" && unit.last_exit !== null;
}

function tellUnits({ out, err, quiet }: Context, { units }: Status): number {
  const wanted = units.filter((unit) => unit.wanted === "up" || unit.active_state === "failed");
  for (const unit of wanted) {
    const state = `${unit.name}: ${unit.active_state} (${unit.sub_state})`;
    const line = unit.reason === null ? state : `${state}: ${unit.reason}`;
    if (unit.active_state === "failed" || !isSettled(unit)) err(line);
    else if (!quiet) out(`${line}\n`);
  }
  if (wanted.some((unit) => unit.active_state === "failed")) return exit.failed;
  return wanted.every(isSettled) ? exit.done : exit.timedOut;
}

function tail(path: string, fromByte: number): readonly string[] {
  const text = readFileSync(path).subarray(fromByte).toString("utf8").trimEnd();
  return text === "" ? [] : text.split("\n").slice(-TAIL_LINES);
}
