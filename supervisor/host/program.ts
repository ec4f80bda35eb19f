import { accessSync, closeSync, constants, openSync, readSync, statSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { accessError } from "./access.ts";
import type { Identity } from "./identity.ts";
import { cString, errnoName, errnoText, libc } from "./libc.ts";

const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const F_OK = 0;
const EACCES = 13;
const ENOENT = 2;
const ENOEXEC = 8;
const ENOTDIR = 20;

/** Shape: `{ code: "ENOENT", message: "/usr/bin/bunn: No such file or directory (ENOENT)" }`. */
export type Refusal = Readonly<{ code: string; message: string }>;

export type Program = Readonly<{ ok: true; path: string } | { ok: false; refusal: Refusal }>;

export function refusal(subject: string, code: number): Refusal {
  return { code: errnoName(code), message: `${subject}: ${errnoText(code)}` };
}

/** Why a process cannot start in this directory; null when it can. `who`: as whom it is to run, null for ourselves. */
export function refusedDirectory(cwd: string, who: Identity | null): Refusal | null {
  const code = errorOf(() => {
    if (!statSync(cwd).isDirectory()) return ENOTDIR;
    return passError(cwd, who);
  });
  return code === 0 ? null : refusal(cwd, code);
}

/**
 * Finds a program as the child itself would: in the PATH of its own environment, relative to its own directory.
 * Errors: the reason that execvp(3) would give `who`, for the program or for the interpreter that its first line names.
 */
export function findProgram(
  name: string,
  env: Readonly<Record<string, string>>,
  cwd: string,
  who: Identity | null = null,
): Program {
  const candidates = name.includes("/") ? [resolve(cwd, name)] : inPath(name, env.PATH ?? DEFAULT_PATH, cwd);
  // As execvp: one that may not be executed tells more than the many that are not there.
  let [subject, reason] = [name, ENOENT];
  for (const path of candidates.length > 1 ? candidates.filter(isThere) : candidates) {
    const code = executableError(path, who);
    if (code === 0) return checkedHead(path, cwd, who);
    if (code === EACCES || candidates.length === 1) [subject, reason] = [path, code];
  }
  return { ok: false, refusal: refusal(subject, reason) };
}

function inPath(name: string, path: string, cwd: string): readonly string[] {
  // An empty element means the working directory.
  return path.split(":").map((directory) => resolve(cwd, directory, name));
}

/** Asked first, and not of `node:fs`: an error costs more than all else here, and most of the PATH has no such program. */
function isThere(path: string): boolean {
  return libc.access(cString(path), F_OK) === 0;
}

function executableError(path: string, who: Identity | null): number {
  return errorOf(() => (statSync(path).isFile() ? passError(path, who) : EACCES));
}

/** Our own right is asked for in any case: it is the one that knows of a file system mounted `noexec`. */
function passError(path: string, who: Identity | null): number {
  accessSync(path, constants.X_OK);
  return who === null ? 0 : accessError(path, who);
}

/**
 * Looks at the first bytes. Why: a missing interpreter is reported by the kernel as if the script were missing,
 * and the shell that sets LISTEN_PID would take a file of unknown kind for a script of its own.
 */
function checkedHead(path: string, cwd: string, who: Identity | null): Program {
  const head = readHead(path);
  if (head === null || head.startsWith("\x7fELF")) return { ok: true, path };
  if (!head.startsWith("#!")) return { ok: false, refusal: refusal(path, ENOEXEC) };
  const interpreter = /^#![ \t]*([^ \t\n]+)/.exec(head)?.[1] ?? "";
  const code = executableError(isAbsolute(interpreter) ? interpreter : resolve(cwd, interpreter), who);
  if (code === 0) return { ok: true, path };
  return { ok: false, refusal: refusal(`${path}: its interpreter ${interpreter}`, code) };
}

/** Null when the file may be executed but not read; then the kernel decides. */
function readHead(path: string): string | null {
  const head = new Uint8Array(256);
  try {
    const fd = openSync(path, "r");
    try {
      return new TextDecoder("latin1").decode(head.subarray(0, readSync(fd, head)));
    } finally {
      closeSync(fd);
    }
  } catch {
    // The reason does not matter here: starting the program will tell.
    return null;
  }
}

/** The errno that a check answers with, or that of what `node:fs` throws in it, as a positive number; 0 for none. */
function errorOf(check: () => number): number {
  try {
    return check();
  } catch (error) {
    const errno = (error as NodeJS.ErrnoException).errno;
    if (typeof errno !== "number") throw error;
    return Math.abs(errno);
  }
}
