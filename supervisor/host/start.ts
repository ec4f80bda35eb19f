import { existsSync } from "node:fs";
import type { SpawnStage } from "../core/facts.ts";
import type { SpawnOrder } from "../daemon/ports.ts";
import type { Privileges } from "../unit/privileges.ts";
import { confine } from "./confine.ts";
import { createGate } from "./gate.ts";
import type { Identity } from "./identity.ts";
import { type Launch, type Launched, launch } from "./launch.ts";
import { libc } from "./libc.ts";
import { findProgram, type Refusal, refusal, refusedDirectory } from "./program.ts";
import { pidShim, restrainedShim, SHELL, type ShimOrder } from "./shim.ts";

const ENOENT = 2;
const SIGKILL = 9;
const UNCHANGED = 0xffff_ffff;

export type Started = Readonly<{ ok: true; pid: number } | { ok: false; stage: SpawnStage; refusal: Refusal }>;

/**
 * Carries a spawn order out. `notifyPath` becomes NOTIFY_SOCKET; `identity`, unless null, is whom the child becomes.
 * Errors: `user` when the tool for that is missing, `chdir` when the working directory cannot be entered, `exec` when the
 * program cannot run, `limit` when the kernel refuses what the child is to be confined to. The program has not run then.
 * A reason that only the kernel sees when somebody else executes the program is not told here: the child exits with 126.
 */
export function start(order: SpawnOrder, notifyPath: string | null, identity: Identity | null): Started {
  const { cwd, privileges } = order;
  const directory = refusedDirectory(cwd, identity);
  if (directory) return { ok: false, stage: "chdir", refusal: directory };
  const found = findProgram(order.argv[0], order.env, cwd, identity);
  if (!found.ok) return { ok: false, stage: "exec", refusal: found.refusal };
  if ((order.listeners.length > 0 || privileges) && !existsSync(SHELL)) {
    return { ok: false, stage: "exec", refusal: refusal(SHELL, ENOENT) };
  }
  const { common, shim } = prepare(order, found.path, notifyPath);
  if (privileges) return startConfined(common, shim, { privileges, identity });
  const plain = { program: shim.program, argv: order.argv, env: shim.env };
  return started(launch({ ...common, ...(shim.listening ? { program: SHELL, ...pidShim(shim) } : plain) }), found.path);
}

type Common = Omit<Launch, "program" | "argv" | "env">;

function prepare(order: SpawnOrder, program: string, notifyPath: string | null): { common: Common; shim: ShimOrder } {
  const { cwd, stdout, stderr, listeners } = order;
  const [, ...args] = order.argv;
  const listening = listeners.length > 0;
  const names = listeners.map(({ name }) => name).join(":");
  const env = {
    ...order.env,
    ...(notifyPath === null ? {} : { NOTIFY_SOCKET: notifyPath }),
    ...(listening ? { LISTEN_FDS: String(listeners.length), LISTEN_FDNAMES: names } : {}),
  };
  const common = { cwd, stdin: null, stdout, stderr, listeners: listeners.map(({ fd }) => fd) };
  return { common, shim: { program, args, env, listening } };
}

type Whom = Readonly<{ privileges: Privileges; identity: Identity | null }>;

/** Lets the child wait until it is confined: only then does it change its user, which ends our say over its limits. */
function startConfined(common: Common, order: ShimOrder, { privileges, identity }: Whom): Started {
  // Not in the child's own PATH: it runs as we do.
  const tool = identity || privileges.noNewPrivileges ? findProgram("setpriv", {}, "/") : null;
  if (tool?.ok === false) return { ok: false, stage: "user", refusal: lacking(tool.refusal) };
  const gate = createGate();
  if (typeof gate === "number") return { ok: false, stage: "exec", refusal: refusal("pipe", gate) };
  if (identity) giveOutput(common, identity);
  const shim = restrainedShim(order, { privileges, identity, setpriv: tool?.path ?? null });
  const launched = launch({ ...common, stdin: gate.stdin, program: SHELL, ...shim });
  const refused = launched.ok ? confine(launched.pid, privileges) : null;
  if (launched.ok && refused) libc.kill(launched.pid, SIGKILL);
  else if (launched.ok) gate.open();
  gate.close();
  return refused ? { ok: false, stage: "limit", refusal: refused } : started(launched, SHELL);
}

function lacking({ code, message }: Refusal): Refusal {
  return { code, message: `${message}; it belongs to util-linux, and changes the user, the groups and no_new_privs` };
}

/** Whoever opens /dev/stdout needs a right to the pipe itself. Without it only that is lost, so a refusal is no fault. */
function giveOutput({ stdout, stderr }: Common, { uid }: Identity): void {
  libc.fchown(stdout, uid, UNCHANGED);
  libc.fchown(stderr, uid, UNCHANGED);
}

function started(launched: Launched, program: string): Started {
  return launched.ok ? launched : { ok: false, stage: "exec", refusal: refusal(program, launched.errno) };
}
