import { joined, readPath, readRoot } from "../host/unit-files.ts";
import { faultLine } from "../unit/fault.ts";
import type { Context } from "./context.ts";
import { exit } from "./exit.ts";
import { readConfig, readFound } from "./faults.ts";

/** Validates the unit files and the configuration of the root, or the unit files that are named, and prints every fault of every file. */
export async function run(context: Context): Promise<number> {
  const { args, root } = context;
  const found = args.length === 0 ? readRoot(root) : joined(args.map(readPath));
  const read = await readFound(found, context);
  const config = args.length === 0 ? await readConfig(root) : null;
  const faults = [...(read.ok ? [] : read.faults), ...(config === null || config.ok ? [] : config.faults)];
  if (context.json) {
    const units = read.ok ? read.value.map((unit) => unit.name) : [];
    context.out(`${JSON.stringify({ units, faults }, null, 2)}\n`);
  }
  for (const fault of faults) context.err(faultLine(fault));
  if (faults.length > 0) return exit.invalid;
  const count = found.files.length;
  if (!context.quiet && !context.json) context.out(`${count} ${count === 1 ? "unit" : "units"}, no fault\n`);
  return exit.done;
}
