import type { Privileges } from "../unit/privileges.ts";
import type { Identity } from "./identity.ts";

export const SHELL = "/bin/sh";

/** What a shim does next, as it writes it into its own name. Executing a program gives a process that program's name. */
export const shimStep = { limit: "supervisor:rlim", user: "supervisor:user", exec: "supervisor:exec" } as const;

type Environment = Readonly<Record<string, string>>;

/** What is executed first, and with what. The process stays the same one all along, so its pid and its descriptors do, too. */
export type Shim = Readonly<{ argv: readonly string[]; env: Environment }>;

export type ShimOrder = Readonly<{
  /** An absolute path. */
  program: string;
  args: readonly string[];
  env: Environment;
  /** Variables that are to hold the child's own pid, which only the child itself knows before the program runs. */
  ownPid: readonly string[];
  /** The file of a control group that it joins first; null for none. */
  door: string | null;
}>;

/** `setpriv`: its path, null when nothing is asked that needs it. */
export type Restraint = Readonly<{ privileges: Privileges; identity: Identity | null; setpriv: string | null }>;

/** What a shell adds to the environment by itself. */
const OF_THE_SHELL = ["PWD", "OLDPWD", "SHLVL", "_"];
/** Where bash is the shell, setting these is an error that ends it, so they are not wrapped; they do no harm. */
const READ_ONLY = ["UID", "EUID", "PPID"];
/** These too, and they would: with `xtrace`, bash executes what stands in PS4. */
const FOR_THE_SHELL = ["SHELLOPTS", "BASHOPTS"];
const GATE = "read -r SUPERVISOR_GATE || exit 125; unset SUPERVISOR_GATE; exec </dev/null; ";

/** A shell that joins its control group and learns its own pid, then becomes the program. */
export function plainShim({ program, args, env, ownPid, door }: ShimOrder): Shim {
  return { argv: ["sh", "-c", `${joining(door)}${lastScript(env, ownPid)}`, program, ...args], env };
}

/**
 * A shell that waits at its standard input until it is confined, becomes `setpriv` where it has to become somebody else,
 * then a shell again, then the program.
 * Why the variables are wrapped until then: in `LD_PRELOAD` and the like, an `environment_file` that belongs to the
 * service's user would run its own code as root.
 */
export function restrainedShim(order: ShimOrder, restraint: Restraint): Shim {
  const { program, args, env, ownPid, door } = order;
  const first = `${joining(door)}${firstScript(restraint.privileges)}`;
  const last = lastScript(env, ownPid);
  if (restraint.setpriv === null) return { argv: ["sh", "-c", `${first}${last}`, program, ...args], env };
  const become = [restraint.setpriv, ...setprivFlags(restraint), SHELL].join(" ");
  const wrapped = wrap(env);
  const scripts = [`${first}${naming("user")}exec ${become} -c "$0" "$@"`, `${wrapped.unwrap}${last}`];
  return { argv: ["sh", "-c", ...scripts, program, ...args], env: wrapped.env };
}

/**
 * Why the stack's limit here, too, in the KiB that a shell counts in: execve(2) ends by putting it back to what it was when
 * it began, and whoever started the process is told before that end. It has been found permitted from outside.
 */
function firstScript({ umask, limits: { stack } }: Privileges): string {
  const limit = stack === Number.POSITIVE_INFINITY ? "unlimited" : Math.floor((stack ?? 0) / 1024);
  const setStack = stack === undefined ? "" : `ulimit -s ${limit}; `;
  const setUmask = umask === null ? "" : `umask ${umask.toString(8).padStart(4, "0")}; `;
  return `${GATE}${setStack && naming("limit")}${setStack}${setUmask}`;
}

/**
 * Why the child itself: the kernel makes whoever writes there wait for about 10 ms, and the daemon has no time for that.
 * That it could not join shows in /proc, so it goes on without a word.
 */
function joining(door: string | null): string {
  return door === null ? "" : `{ echo 0 >'${door.replaceAll("'", `'\\''`)}'; } 2>/dev/null; `;
}

/** Should it not get further than this, its name tells. Not so where /proc is closed, and then an exit code is all there is. */
function naming(step: keyof typeof shimStep): string {
  return `{ echo ${shimStep[step]} >/proc/$$/comm; } 2>/dev/null; `;
}

function lastScript(env: Environment, ownPid: readonly string[]): string {
  const added = OF_THE_SHELL.filter((name) => !(name in env));
  const unset = added.length > 0 ? `unset ${added.join(" ")}; ` : "";
  return `${unset}${ownPid.map((name) => `export ${name}=$$; `).join("")}${naming("exec")}exec "$0" "$@"`;
}

/** Whether a shell hands a variable of this name on. */
export function isShellName(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);
}

function setprivFlags({ privileges, identity }: Restraint): readonly string[] {
  const flags = privileges.noNewPrivileges ? ["--no-new-privs"] : [];
  if (identity === null) return flags;
  const { uid, gid, groups } = identity;
  const others = groups.length > 0 ? ["--groups", groups.join(",")] : ["--clear-groups"];
  return [...flags, "--reuid", String(uid), "--regid", String(gid), ...others];
}

/** Shape: `{ A: "1" }` → `{ SUPERVISOR_VARIABLE_0: "A=1" }` and the script that makes it `A` again. */
function wrap(env: Environment): Readonly<{ env: Environment; unwrap: string }> {
  const wrapped: Record<string, string> = {};
  const names: string[] = [];
  for (const [name, value] of Object.entries(env)) {
    // A name that a shell does not take is lost there anyway, and must not be in its way here.
    if (FOR_THE_SHELL.includes(name) || !isShellName(name)) continue;
    if (READ_ONLY.includes(name)) {
      wrapped[name] = value;
      continue;
    }
    const alias = `SUPERVISOR_VARIABLE_${names.length}`;
    wrapped[alias] = `${name}=${value}`;
    names.push(alias);
  }
  if (names.length === 0) return { env: wrapped, unwrap: "" };
  const values = names.map((name) => `"$${name}"`);
  return { env: wrapped, unwrap: `export ${values.join(" ")}; unset ${names.join(" ")}; ` };
}
