import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import process from "node:process";
import { isExecutable } from "./build.ts";
import { bytes, cString, cVector, errno, errnoText, libc } from "./libc.ts";
import { launch, launcher as ownLauncher } from "./own-program.ts";

const SIG_BLOCK = 0;
const SIG_SETMASK = 2;
const SIGNAL_SET_BYTES = 128;
/** INT, QUIT, TERM: they wait until the next program hears them, where its runtime lets them. */
const HELD_SIGNALS = [2, 3, 15];
/**
 * HUP, USR2, IO: missed rather than fatal. What a descriptor has to say is asked anyway, and a runtime may let through what waits.
 * Not USR1, which an engine may need for its own threads.
 */
const MISSED_SIGNALS = [1, 12, 29];
const SIG_IGN = 1;
const ACTION_SIZE_BYTES = 152;
const FIRST_DESCRIPTOR = 3;
const LAST_DESCRIPTOR = 0xffff_ffff;
const CLOSE_RANGE = 436;
const CLOSE_RANGE_CLOEXEC = 4;
const CHECK_LIMIT_MS = 30_000;

/** What tells the next program that it goes on in this process. */
export const REEXEC_VARIABLE = "SUPERVISOR_REEXEC";
/** The launcher, by the path that it was called by: a link that leads elsewhere by now leads to the next version. */
const LAUNCHER_VARIABLE = "SUPERVISOR_BIN";

/** The program that this process can become. `arguments`: of the command line, the verb and its flags included. */
export type Successor = Readonly<{ launcher: string; arguments: readonly string[]; env: NodeJS.ProcessEnv }>;

/** The launcher that this process was started by, which no child is to see. */
const launcher = takeLauncher();

function takeLauncher(): string {
  const told = process.env[LAUNCHER_VARIABLE];
  delete process.env[LAUNCHER_VARIABLE];
  return told && !isExecutable && existsSync(told) ? told : ownLauncher;
}

/** `runtime`: which one the next is to run on; null: as this one was told to. */
export function successor(runtime: string | null): Successor {
  const { LISTEN_PID: _pid, LISTEN_FDS: _fds, LISTEN_FDNAMES: _names, ...rest } = process.env;
  const env = { ...rest, [LAUNCHER_VARIABLE]: launcher, ...(runtime !== null && { SUPERVISOR_RUNTIME: runtime }) };
  return { launcher, arguments: process.argv.slice(2), env };
}

/** Lets the next program look, in a process of its own, whether it could go on here. Null when it can; else what it says. */
export function checkSuccessor({ launcher: program, arguments: words, env }: Successor): Promise<string | null> {
  const [file, ...script] = launch(program);
  const argv = [...script, ...words.filter((word) => word !== "-d" && word !== "--detach"), "--reexec-check"];
  return new Promise((resolve) => {
    execFile(file, argv, { env, timeout: CHECK_LIMIT_MS, killSignal: "SIGKILL" }, (error, _stdout, stderr) => {
      if (error === null) resolve(null);
      else resolve(stderr.trim() || (error.killed ? `no answer within ${CHECK_LIMIT_MS / 1000}s` : error.message));
    });
  });
}

/**
 * Becomes the next program: the same process, with every descriptor but the first three closed. Does not return when it goes well.
 * Gives why it did not go well; then those signals are not heard any more that would have been missed.
 */
export function become({ launcher: program, arguments: words, env }: Successor): string {
  const held = bytes(SIGNAL_SET_BYTES);
  for (const number of HELD_SIGNALS)
    held[(number - 1) >> 3] = (held[(number - 1) >> 3] ?? 0) | (1 << ((number - 1) & 7));
  libc.pthread_sigmask(SIG_BLOCK, held, null);
  const ignore = bytes(ACTION_SIZE_BYTES);
  ignore[0] = SIG_IGN;
  for (const number of MISSED_SIGNALS) libc.sigaction(number, ignore, null);
  libc.syscall(CLOSE_RANGE, FIRST_DESCRIPTOR, LAST_DESCRIPTOR, CLOSE_RANGE_CLOEXEC);
  const variables = Object.entries({ ...env, [REEXEC_VARIABLE]: String(process.pid) });
  const list = variables.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
  const [file, ...script] = launch(program);
  libc.execve(cString(file), cVector([file, ...script, ...words]), cVector(list));
  const why = errnoText(errno());
  libc.pthread_sigmask(SIG_SETMASK, bytes(SIGNAL_SET_BYTES), null);
  return `${file}: ${why}`;
}

/** Whether this process was another program of the supervisor before. */
export function isReexecuted(): boolean {
  return process.env[REEXEC_VARIABLE] === String(process.pid);
}

/** The same, for the last one to ask: no child is to see it. */
export function wasReexecuted(): boolean {
  const was = isReexecuted();
  delete process.env[REEXEC_VARIABLE];
  return was;
}
