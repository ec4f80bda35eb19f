import { readRoot } from "../host/unit-files.ts";
import { faultLine } from "../unit/fault.ts";
import { exit } from "./exit.ts";
import { compose } from "./generate/compose.ts";
import { deliver, verify } from "./generate/deliver.ts";
import { docker } from "./generate/docker.ts";
import { type Asked, isRefusal, type Kind, type Refusal } from "./generate/kind.ts";
import { kubernetes } from "./generate/kubernetes.ts";
import { systemd } from "./generate/systemd.ts";

/** Everything that files can be written for. */
const kinds: Readonly<Record<string, Kind>> = { systemd, kubernetes, docker, compose };

/** `supervisor generate KIND [--out DIR] [--verify]`, and the flags of the kind. */
export async function run(context: Asked): Promise<number> {
  const { args, root, err } = context;
  const [name = ""] = args;
  const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
  const misused = kind
    ? strayFlag(name, kind, context)
    : `generate: ${Object.keys(kinds).join(", ")} are known, got '${name}'`;
  if (kind === undefined || misused !== null) {
    err(misused ?? "");
    return exit.usage;
  }
  const write = await kind.prepare(context);
  if (isRefusal(write)) return refuse(write, err);
  const { files: unitFiles, faults } = readRoot(root);
  const { readUnits } = await import("../unit/set.ts");
  const units = readUnits(unitFiles, { unread: faults });
  if (!units.ok) return refuse({ refused: "project", faults: units.faults }, err);
  const made = write(units.value);
  if (isRefusal(made)) return refuse(made, err);
  deliver(context, made);
  if (context.flags.verify !== true) return exit.done;
  return verify(name, made.files, kind.checks([...made.files.keys()], context), err);
}

/** A flag that has no effect on these files was meant for others. */
function strayFlag(name: string, { flags }: Kind, context: Asked): string | null {
  const every = new Set(Object.values(kinds).flatMap((kind) => kind.flags));
  const stray = Object.keys(context.flags).find((flag) => every.has(flag) && !flags.includes(flag));
  return stray === undefined ? null : `generate ${name}: --${stray} has no meaning here`;
}

function refuse(refusal: Refusal, err: Asked["err"]): number {
  if (refusal.refused === "flag") {
    err(refusal.message);
    return exit.usage;
  }
  for (const fault of refusal.faults) err(faultLine(fault));
  return exit.invalid;
}
