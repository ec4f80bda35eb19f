import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { type Fault, faultLine } from "../unit/fault.ts";
import type { Context } from "./context.ts";
import { exit } from "./exit.ts";

/**
 * Validates unit files, those of the root or those named, and prints every fault of every file.
 * Why: the reader is loaded here and not above, since it brings zod, which no other verb needs.
 */
export async function run(context: Context): Promise<number> {
  const { args, root } = context;
  const found = args.length === 0 ? readFolder(join(root, "units"), "units") : args.flatMap(readPath);
  const { readUnits } = await import("../unit/set.ts");
  const files = found.filter(isRead);
  const read = readUnits(files);
  const faults = [...found.flatMap((each) => (isRead(each) ? [] : [each])), ...(read.ok ? [] : read.faults)];
  if (context.json) {
    const units = read.ok ? read.value.map((unit) => unit.name) : [];
    context.out(`${JSON.stringify({ units, faults }, null, 2)}\n`);
  }
  for (const fault of faults) context.err(faultLine(fault));
  if (faults.length > 0) return exit.invalid;
  if (!context.quiet && !context.json)
    context.out(`${files.length} ${files.length === 1 ? "unit" : "units"}, no fault\n`);
  return exit.done;
}

type UnitFile = Readonly<{ name: string; file: string; text: string }>;

function isRead(each: UnitFile | Fault): each is UnitFile {
  return "text" in each;
}

/** A path as the user gave it: a unit file, or a folder of them. */
function readPath(path: string): readonly (UnitFile | Fault)[] {
  try {
    return statSync(path).isDirectory() ? readFolder(path, path) : [readUnitFile(path, path)];
  } catch (error) {
    return [unreadable(path, error)];
  }
}

/** Reads the folder's unit files in the order of their names; `shown` is what messages call it. */
function readFolder(folder: string, shown: string): readonly (UnitFile | Fault)[] {
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
