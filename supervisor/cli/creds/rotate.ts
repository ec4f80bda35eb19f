import { addKey } from "../../host/credential/key-file.ts";
import type { Context } from "../context.ts";
import { exit } from "../exit.ts";
import { openKeys, tellFaults, tellNoKeys } from "./keys.ts";
import { rekeyUnits } from "./rekey.ts";
import { unitsOf } from "./units.ts";

/** `supervisor creds rotate`: puts a new key before those that are there, and encrypts with it all that the units name. */
export async function run(context: Context): Promise<number> {
  // Before anything is changed: what they name could not be found afterwards.
  const units = await unitsOf(context.root);
  if (!units.ok) return tellFaults(context, units.faults);
  const opened = await openKeys(context);
  if (!opened.ok) return tellFaults(context, opened.faults);
  const { source } = opened.value;
  if (source.tag === "command") {
    context.err(
      `supervisor creds: the keys come from ${source.argv[0]}: let it print a new key before those that it prints now, then supervisor creds rekey`,
    );
    return exit.failed;
  }
  const added = addKey(source.path, context.now());
  if (!added.ok) return tellNoKeys(context, added);
  const [{ id }] = added.ring.keys;
  if (!context.quiet) context.err(`${source.path}: key ${id} encrypts from now on, those before it still decrypt`);
  return rekeyUnits(context, units.value, added.ring);
}
