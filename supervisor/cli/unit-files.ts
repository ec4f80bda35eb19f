import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import type { Fault } from "../unit/fault.ts";

/** A unit file as it is on disk, before anybody has looked whether it is valid. */
export type UnitFile = Readonly<{ name: string; file: string; text: string }>;

export function isRead(each: UnitFile | Fault): each is UnitFile {
  return "text" in each;
}

/** A path as the user gave it: a unit file, or a folder of them. */
export function readPath(path: string): readonly (UnitFile | Fault)[] {
  try {
    return statSync(path).isDirectory() ? readFolder(path, path) : [readUnitFile(path, path)];
  } catch (error) {
    return [unreadable(path, error)];
  }
}

/** Reads the folder's unit files in the order of their names; `shown` is what messages call it. */
export function readFolder(folder: string, shown: string): readonly (UnitFile | Fault)[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith(".toml"));
    if (names.length === 0) return [invalid(shown, "there is no unit file here")];
    return names.sort().map((name) => readUnitFile(join(folder, name), join(shown, name)));
  } catch (error) {
    return [unreadable(shown, error)];
  }
}

function readUnitFile(path: string, shown: string): UnitFile | Fault {
  try {
    return { name: basename(path, ".toml"), file: shown, text: readFileSync(path, "utf8") };
  } catch (error) {
    return unreadable(shown, error);
  }
}

function unreadable(file: string, error: unknown): Fault {
  const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
  return invalid(file, `cannot be read: ${code}`);
}

function invalid(file: string, message: string): Fault {
  return { code: "unit-invalid", message, retry: "never", at: { file } };
}
