import { existsSync } from "node:fs";
import type { SpawnStage } from "../core/facts.ts";
import type { SpawnOrder } from "../daemon/ports.ts";
import { type Launch, launch } from "./launch.ts";
import { findProgram, type Refusal, refusal, refusedDirectory } from "./program.ts";

const SHELL = "/bin/sh";
/** What a shell adds to the environment by itself. */
const OF_THE_SHELL = ["PWD", "OLDPWD", "SHLVL", "_"];
const ENOENT = 2;

export type Started = Readonly<{ ok: true; pid: number } | { ok: false; stage: SpawnStage; refusal: Refusal }>;

/**
 * Carries a spawn order out. `notifyPath` becomes NOTIFY_SOCKET.
 * Errors: `chdir` when the working directory cannot be entered, `exec` when the program cannot run.
 */
export function start(order: SpawnOrder, notifyPath: string | null): Started {
  const directory = refusedDirectory(order.cwd);
  if (directory) return { ok: false, stage: "chdir", refusal: directory };
  const found = findProgram(order.argv[0], order.env, order.cwd);
  if (!found.ok) return { ok: false, stage: "exec", refusal: found.refusal };
  if (order.listeners.length > 0 && !existsSync(SHELL)) {
    return { ok: false, stage: "exec", refusal: refusal(SHELL, ENOENT) };
  }
  const launched = launch(launchOf(order, found.path, notifyPath));
  if (launched.ok) return launched;
  return { ok: false, stage: "exec", refusal: refusal(found.path, launched.errno) };
}

function launchOf(order: SpawnOrder, program: string, notifyPath: string | null): Launch {
  const { cwd, stdout, stderr } = order;
  const env = { ...order.env, ...(notifyPath === null ? {} : { NOTIFY_SOCKET: notifyPath }) };
  const listeners = order.listeners.map(({ fd }) => fd);
  const common = { cwd, stdout, stderr, listeners };
  if (listeners.length === 0) return { ...common, program, argv: order.argv, env };
  const names = order.listeners.map(({ name }) => name).join(":");
  const [, ...args] = order.argv;
  return {
    ...common,
    program: SHELL,
    argv: ["sh", "-c", pidScript(env), program, ...args],
    env: { ...env, LISTEN_FDS: String(listeners.length), LISTEN_FDNAMES: names },
  };
}

/**
 * The script that learns its own pid, then becomes the program.
 * Why: LISTEN_PID must be in the environment before the program runs, and only the child itself knows it by then.
 */
function pidScript(env: Readonly<Record<string, string>>): string {
  const added = OF_THE_SHELL.filter((name) => !(name in env));
  const unset = added.length > 0 ? `unset ${added.join(" ")}; ` : "";
  return `${unset}export LISTEN_PID=$$; exec "$0" "$@"`;
}
