import { readdirSync, readFileSync, type Stats, statSync } from "node:fs";
import { basename, join } from "node:path";
import process from "node:process";
import type { Fault } from "../unit/fault.ts";

/** A unit file as it is on disk, before anybody has looked whether it is valid. */
export type UnitFile = Readonly<{ name: string; file: string; text: string }>;

/** What was read, and one fault for each file or folder that could not be. */
export type Found = Readonly<{ files: readonly UnitFile[]; faults: readonly Fault[] }>;

/** Reads the unit files of a root. A root without any is a fault: there would be nothing to supervise. */
export function readRoot(root: string): Found {
  return readFolder(join(root, "units"), "units");
}

/** Reads a path as the user gave it: a unit file, or a folder of them. */
export function readPath(path: string): Found {
  try {
    return statSync(path).isDirectory() ? readFolder(path, path) : joined([readUnitFile(path, path)]);
  } catch (error) {
    return unreadable(path, error);
  }
}

/** Makes one of several. */
export function joined(all: readonly Found[]): Found {
  return { files: all.flatMap(({ files }) => files), faults: all.flatMap(({ faults }) => faults) };
}

/** In the order of their names; `shown` is what messages call the folder before a file's name. */
function readFolder(folder: string, shown: string): Found {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith(".toml"));
    if (isAnybodys(statSync(folder))) return anybodys(shown);
    if (names.length === 0) return invalid(folder, "there is no unit file here");
    return joined(names.sort().map((name) => readUnitFile(join(folder, name), join(shown, name))));
  } catch (error) {
    return unreadable(folder, error);
  }
}

function readUnitFile(path: string, shown: string): Found {
  try {
    if (isAnybodys(statSync(path))) return anybodys(shown);
    return { files: [{ name: basename(path, ".toml"), file: shown, text: readFileSync(path, "utf8") }], faults: [] };
  } catch (error) {
    return unreadable(shown, error);
  }
}

const WRITABLE_BY_OTHERS = 0o002;

/** Whether any user of the machine could have root run something by writing into it. */
function isAnybodys({ mode }: Stats): boolean {
  return process.geteuid?.() === 0 && (mode & WRITABLE_BY_OTHERS) !== 0;
}

function anybodys(file: string): Found {
  return invalid(file, `may be written by every user, and what it says is run as root: chmod o-w ${file}`);
}

function unreadable(file: string, error: unknown): Found {
  const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
  return invalid(file, code === "ENOENT" ? "is not there" : `cannot be read: ${code}`);
}

function invalid(file: string, message: string): Found {
  return { files: [], faults: [{ code: "unit-invalid", message, retry: "never", at: { file } }] };
}
