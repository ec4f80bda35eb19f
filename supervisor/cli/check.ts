import { join } from "node:path";
import { faultLine } from "../unit/fault.ts";
import type { Context } from "./context.ts";
import { exit } from "./exit.ts";
import { isRead, readFolder, readPath } from "./unit-files.ts";

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
