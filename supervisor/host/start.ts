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
import { isShellName, plainShim, restrainedShim, SHELL, type ShimOrder } from "./shim.ts";
import type { ShimAim } from "./shim-end.ts";
import { Store } from "./store.ts";

const ENOENT = 2;
const SIGKILL = 9;
const UNCHANGED = 0xffff_ffff;

/** `aim`: what the process is still to become; null when it is its program already. */
export type Started = Readonly<
  { ok: true; pid: number; aim: ShimAim | null } | { ok: false; stage: SpawnStage; refusal: Refusal }
>;

/** What the host adds to an order. */
export type Outfit = Readonly<{
  /** Becomes NOTIFY_SOCKET. */
  notifyPath: string | null;
  /** Whom the child becomes; null: it stays who we are. */
  identity: Identity | null;
  /** Passed after the listeners to whoever may say something. */
  stored: readonly Readonly<{ name: string; fd: number }>[];
  /** The file of the control group that the child joins before its program runs. */
  door: string | null;
  /** Where `setpriv` is, for a child that is to die with us; null: it lives on. */
  executioner?: string | null;
}>;

/**
 * Carries a spawn order out.
 * Errors: `user` when the tool for that is missing, `chdir` when the working directory cannot be entered, `exec` when the
 * program cannot run, `limit` when the kernel refuses what the child is to be confined to. The program has not run then.
 * A reason that only the kernel sees when somebody else executes the program shows when it ends: `shimFailure` tells.
 */
export function start(order: SpawnOrder, outfit: Outfit): Started {
  const { cwd, privileges } = order;
  const { identity } = outfit;
  const directory = refusedDirectory(cwd, identity);
  if (directory) return { ok: false, stage: "chdir", refusal: directory };
  const found = findProgram(order.argv[0], order.env, cwd, identity);
  if (!found.ok) return { ok: false, stage: "exec", refusal: found.refusal };
  const { common, shim } = prepare(order, found.path, outfit);
  const isShelled = shim.ownPid.length > 0 || shim.door !== null;
  if ((isShelled || privileges) && !existsSync(SHELL)) {
    return { ok: false, stage: "exec", refusal: refusal(SHELL, ENOENT) };
  }
  if (privileges) return startConfined(common, shim, { privileges, identity });
  const argv: readonly string[] = outfit.executioner ? [shim.program, ...shim.args] : order.argv;
  const plain = { program: shim.program, argv, env: shim.env };
  if (!isShelled) return started(launch({ ...common, ...plain }), found.path, null);
  const aim = { program: found.path, setpriv: false };
  return started(launch({ ...common, program: SHELL, ...plainShim(shim) }), SHELL, aim);
}

/** Whether an order can be carried out through a shell without a loss: a variable of an odd name does not survive one. */
export function isShellable({ env }: SpawnOrder): boolean {
  return existsSync(SHELL) && Object.keys(env).every(isShellName);
}

type Common = Omit<Launch, "program" | "argv" | "env">;

function prepare(order: SpawnOrder, program: string, outfit: Outfit): { common: Common; shim: ShimOrder } {
  const { cwd, stdout, stderr, storeMax = Store.most } = order;
  const { notifyPath, stored, door } = outfit;
  const [, ...args] = order.argv;
  // A command beside the service, who says nothing, is no keeper of what the service has stored.
  const passed = order.notify ? [...order.listeners, ...stored] : order.listeners;
  const names = passed.map(({ name }) => name).join(":");
  const env = {
    ...order.env,
    ...(notifyPath !== null && { NOTIFY_SOCKET: notifyPath, ...(storeMax > 0 && { FDSTORE: String(storeMax) }) }),
    ...(passed.length > 0 ? { LISTEN_FDS: String(passed.length), LISTEN_FDNAMES: names } : {}),
  };
  const common = { cwd, stdin: null, stdout, stderr, listeners: passed.map(({ fd }) => fd) };
  const ownPid = [
    ...(passed.length > 0 ? ["LISTEN_PID"] : []),
    ...(order.env.WATCHDOG_USEC === undefined ? [] : ["WATCHDOG_PID"]),
  ];
  const own = { env, ownPid, door };
  if (!outfit.executioner) return { common, shim: { program, args, ...own } };
  const mortal = ["--pdeathsig", "KILL", "--", program, ...args];
  return { common, shim: { program: outfit.executioner, args: mortal, ...own } };
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
  const aim = { program: order.program, setpriv: tool !== null };
  return refused ? { ok: false, stage: "limit", refusal: refused } : started(launched, SHELL, aim);
}

function lacking({ code, message }: Refusal): Refusal {
  return { code, message: `${message}; it belongs to util-linux, and changes the user, the groups and no_new_privs` };
}

/** Whoever opens /dev/stdout needs a right to the pipe itself. Without it only that is lost, so a refusal is no fault. */
function giveOutput({ stdout, stderr }: Common, { uid }: Identity): void {
  libc.fchown(stdout, uid, UNCHANGED);
  libc.fchown(stderr, uid, UNCHANGED);
}

function started(launched: Launched, program: string, aim: ShimAim | null): Started {
  return launched.ok ? { ...launched, aim } : { ok: false, stage: "exec", refusal: refusal(program, launched.errno) };
}
