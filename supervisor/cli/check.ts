import { join } from "node:path";
import { joined, readPath, readRoot } from "../host/unit-files.ts";
import { type Fault, faultLine } from "../unit/fault.ts";
import type { Context } from "./context.ts";
import { exit } from "./exit.ts";

/**
 * Validates the unit files and the configuration of the root, or the unit files that are named, and prints every fault of every file.
 * Why: the readers are loaded here and not above, since they bring zod, which no other verb needs.
 */
export async function run(context: Context): Promise<number> {
  const { args, root, stateDir } = context;
  const found = args.length === 0 ? readRoot(root) : joined(args.map(readPath));
  const { readUnits } = await import("../unit/set.ts");
  const { socketsToBind } = await import("../unit/listen.ts");
  const toBind = (unit: Parameters<typeof socketsToBind>[0]) =>
    socketsToBind(unit, { root, stateDir, environ: process.env });
  const read = readUnits(found.files, { unread: found.faults, toBind });
  const faults = [...(read.ok ? [] : read.faults), ...(args.length === 0 ? await configFaults(root) : [])];
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

async function configFaults(root: string): Promise<readonly Fault[]> {
  const { loadConfig } = await import("../../config/load.ts");
  const loaded = loadConfig({ folder: join(root, "config"), shown: "config", env: process.env });
  return loaded.ok ? [] : loaded.faults;
}
