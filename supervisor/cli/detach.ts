import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, constants, fstatSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "../control/client.ts";
import { again } from "../host/own-program.ts";
import type { Context } from "./context.ts";
import { exit, exitOfVerdicts } from "./exit.ts";
import { tellMiss, tellVerdicts } from "./tell.ts";

const LIMIT_MS = 120_000;
const ASK_EVERY_MS = 50;
const TAIL_LINES = 20;
const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW } = constants;

/**
 * Runs the daemon in the background and returns when every unit that shall be up has settled, one line for each.
 * What the daemon prints goes to `<state>/supervisor.log`; when it dies at once, the end of that is shown.
 */
export async function run(context: Context): Promise<number> {
  const { stateDir, err } = context;
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const logPath = join(stateDir, "supervisor.log");
  const log = openSync(logPath, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600);
  const logStart = fstatSync(log).size;
  const child = launch(context, log);
  closeSync(log);
  const limitMs = context.timeoutMs ?? LIMIT_MS;
  const end = await answering(child, context.client(), limitMs);
  child.unref();
  if (end.tag === "died") {
    err(`supervisor start: the supervisor did not start (${end.how}):`);
    for (const line of tail(logPath, logStart)) err(`    ${line}`);
    return end.code;
  }
  if (end.tag === "late") {
    err(`supervisor start: the supervisor has not answered within ${limitMs / 1000}s; see ${logPath}`);
    return exit.timedOut;
  }
  return settle(context, limitMs);
}

/** Waits as `start UNIT…` does, and orders nothing: what has failed by then has had its tries. */
async function settle(context: Context, limitMs: number): Promise<number> {
  const client = context.client();
  const status = await client.status();
  if (status.tag !== "ok") return tellMiss(context, status, "query");
  const units = status.value.units.filter((unit) => unit.wanted === "up").map((unit) => unit.name);
  if (units.length === 0) return exit.done;
  const reply = await client.order({ tag: "settle", units }, limitMs);
  if (reply.tag !== "ok") return tellMiss(context, reply, "order");
  tellVerdicts(context, reply.value);
  return exitOfVerdicts(reply.value);
}

/** Starts this very program once more, as the leader of a session of its own. */
function launch(context: Context, log: number): ChildProcess {
  const { root, stateDir, flags } = context;
  const [program, ...own] = again;
  const passed = ["listen", "exit-with", "on-crash"].flatMap((name) => {
    const value = flags[name];
    return typeof value === "string" ? [`--${name}`, value] : [];
  });
  const verbose = context.verbose ? ["--verbose"] : [];
  const argv = [...own, "--root", root, "--state", stateDir, "start", ...verbose, ...passed];
  return spawn(program, argv, { cwd: root, detached: true, stdio: ["ignore", log, log] });
}

type End = Readonly<{ tag: "died"; how: string; code: number } | { tag: "answers" } | { tag: "late" }>;

/** Asks until the new daemon answers, the limit, or its end. A daemon that ends by a code of the contract gives that code on. */
async function answering(child: ChildProcess, client: Client, limitMs: number): Promise<End> {
  let died: Extract<End, { tag: "died" }> | null = null;
  child.on("error", (error) => {
    died = { tag: "died", how: error.message, code: exit.failed };
  });
  child.on("exit", (code, signal) => {
    const how = signal === null ? `exit code ${code}` : `killed by ${signal}`;
    died = { tag: "died", how, code: code || exit.failed };
  });
  for (const end = performance.now() + limitMs; performance.now() < end; ) {
    const reply = await client.status();
    if (reply.tag === "ok" && reply.value.supervisor.pid === child.pid) return { tag: "answers" };
    if (died !== null) return died;
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
  return { tag: "late" };
}

function tail(path: string, fromByte: number): readonly string[] {
  const text = readFileSync(path).subarray(fromByte).toString("utf8").trimEnd();
  return text === "" ? [] : text.split("\n").slice(-TAIL_LINES);
}
