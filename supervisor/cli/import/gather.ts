import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import type { Source } from "../../import/draft.ts";
import type { Bundle } from "../../import/import.ts";
import { isProgram, type Kind, kindOf, kinds } from "../../import/kind.ts";
import { type Fault, fail, type Outcome, ok } from "../../unit/fault.ts";
import { RUN_LIMIT_MS, runProgram } from "./run-program.ts";

/** What is to be read, and how. `tell` says that a file is run. */
export type Wanted = Readonly<{ path: string; from: Kind | null; tell: (line: string) => void }>;

const SIZE_LIMIT_BYTES = 4 * 1024 * 1024;

/**
 * Reads a file and what belongs to it. A configuration file that is a program is run.
 * Errors: unit-invalid when it cannot be read, is too large, is of no known kind, or cannot be run.
 */
export async function gather({ path, from, tell }: Wanted): Promise<Outcome<Bundle>> {
  const read = readSource(resolve(path), path);
  if (!read.ok) return read;
  const main = read.value;
  const kind = from ?? kindOf(main);
  if (kind === null) return fail(invalid(path, `what it is cannot be told; say --from ${kinds.join("|")}`));
  if (kind === "systemd") return withParts(path, main);
  if (kind === "supervisord") return ok({ kind, main, beside: includedBy(path, main) });
  if (kind !== "pm2" || !isProgram(path)) return ok({ kind, main, beside: [] });
  tell(`import: runs ${path} to read it, for ${RUN_LIMIT_MS / 1000} s at most`);
  const ran = await runProgram(resolve(path), path);
  return ran.ok ? ok({ kind, main, beside: [], exported: ran.value }) : ran;
}

/** A service with its drop-ins and its socket; a socket is read with the service that it is for. */
function withParts(path: string, main: Source): Outcome<Bundle> {
  const stem = path.replace(/\.[a-z]+$/, "");
  if (path.endsWith(".socket")) {
    const [, named] = /^Service=(.+)$/m.exec(main.text) ?? [];
    const service = named === undefined ? `${stem}.service` : join(dirname(path), named.trim());
    const read = readSource(resolve(service), service);
    if (!read.ok) return fail(invalid(service, `is not there, and ${path} is for it`));
    return ok({ kind: "systemd", main: read.value, beside: [...dropIns(service), main] });
  }
  const socket = readSource(resolve(`${stem}.socket`), `${stem}.socket`);
  return ok({ kind: "systemd", main, beside: [...dropIns(path), ...(socket.ok ? [socket.value] : [])] });
}

function dropIns(path: string): readonly Source[] {
  return filesOf(`${path}.d`).filter(({ file }) => file.endsWith(".conf"));
}

/** The files that an `[include]` names; a pattern may stand for a file's name, not for a folder's. Source: supervisord.org/configuration.html, [include]. */
function includedBy(path: string, { text }: Source): readonly Source[] {
  const [, list = ""] = /^\[include\][^[]*?^\s*files\s*[=:](.*(?:\n[ \t]+\S.*)*)/m.exec(text) ?? [];
  const patterns = list
    .replace(/\s[;#].*$/gm, "")
    .replaceAll("%(here)s", ".")
    .split(/\s+/);
  return patterns
    .filter((pattern) => pattern !== "")
    .flatMap((pattern) => {
      const whole = isAbsolute(pattern) ? pattern : join(dirname(path), pattern);
      const matches = globPattern(basename(whole));
      return filesOf(dirname(whole)).filter(({ file }) => matches.test(basename(file)));
    });
}

/** Every file of a folder, by name; none where there is no such folder. */
function filesOf(folder: string): readonly Source[] {
  try {
    const names = readdirSync(folder).sort();
    return names.flatMap((name) => {
      const read = readSource(resolve(folder, name), join(folder, name));
      return read.ok ? [read.value] : [];
    });
  } catch {
    return []; // Nothing lies beside most files.
  }
}

function globPattern(pattern: string): RegExp {
  const escaped = pattern.replace(/[.+^${}()|\\]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`);
}

/** The folder of a file as the root sees it. Shape: "" for the root itself, "deploy" below it, "/srv/other" elsewhere. */
export function baseOf(path: string, root: string): string {
  const folder = dirname(resolve(path));
  const inside = relative(root, folder);
  return inside.startsWith("..") ? folder : inside;
}

/** The text of the `.env` beside a file; null where there is none. */
export function dotEnvOf(path: string): string | null {
  const read = readSource(join(dirname(resolve(path)), ".env"), ".env");
  return read.ok ? read.value.text : null;
}

function readSource(path: string, shown: string): Outcome<Source> {
  try {
    const { size } = statSync(path);
    if (size > SIZE_LIMIT_BYTES) return fail(invalid(shown, "is larger than 4 MiB"));
    return ok({ file: shown, text: readFileSync(path, "utf8").replace(/^\uFEFF/, "") });
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    return fail(invalid(shown, code === "ENOENT" ? "is not there" : `cannot be read: ${code}`));
  }
}

function invalid(file: string, message: string): Fault {
  return { code: "unit-invalid", message, retry: "never", at: { file } };
}
