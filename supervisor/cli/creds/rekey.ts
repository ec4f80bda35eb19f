import { reseal } from "../../host/credential/reseal.ts";
import { type CredentialRow, survey } from "../../host/credential/survey.ts";
import type { KeyRing } from "../../unit/credential.ts";
import type { Unit } from "../../unit/unit.ts";
import type { Context } from "../context.ts";
import { exit } from "../exit.ts";
import { keyRing, tellFaults } from "./keys.ts";
import { unitsOf } from "./units.ts";

/** `supervisor creds rekey [FILE…]`: encrypts with the first key what is on another one; without FILE all that the units name. Source: ansible-vault(1), rekey. */
export async function run(context: Context, files: readonly string[]): Promise<number> {
  const units = files.length === 0 ? await unitsOf(context.root) : null;
  if (units?.ok === false) return tellFaults(context, units.faults);
  const ring = await keyRing(context);
  if (typeof ring === "number") return ring;
  return units === null ? rekey(context, files, ring) : rekeyUnits(context, units.value, ring);
}

/** The same for whatever the units name; then says which keys they need no more. */
export function rekeyUnits(context: Context, units: readonly Unit[], ring: KeyRing): number {
  const look = () => survey(units, { ok: true, ring }, { ...context, environ: process.env, now: context.now() });
  const encrypted = look().filter((row) => row.encrypted);
  const lost = encrypted.filter(({ keyId }) => keyId === null);
  for (const { path, name, unit, problem } of lost) context.err(`${path || `${unit}: ${name}`}: ${problem}`);
  const paths = new Set(encrypted.filter(({ keyId }) => keyId !== null).map(({ path }) => path));
  const code = rekey(context, [...paths], ring);
  tellUnneeded(context, look(), ring);
  return lost.length > 0 ? exit.failed : code;
}

function rekey({ quiet, err }: Context, paths: readonly string[], ring: KeyRing): number {
  const [{ id }] = ring.keys;
  let code: number = exit.done;
  for (const path of paths) {
    const done = reseal(path, ring);
    if (!done.ok) code = exit.failed;
    if (!done.ok) err(`${path}: ${done.message}`);
    else if (done.value !== null && !quiet) err(`${path}: from key ${done.value} to ${id}`);
  }
  return code;
}

function tellUnneeded(
  { quiet, err }: Context,
  rows: readonly CredentialRow[],
  { place, keys: [, ...old] }: KeyRing,
): void {
  const needed = new Set(rows.map(({ keyId }) => keyId));
  const unneeded = old.filter(({ id }) => !needed.has(id)).map(({ id }) => id);
  if (unneeded.length === 0 || quiet) return;
  const what = unneeded.length === 1 ? "its line" : "their lines";
  err(`no unit needs ${unneeded.join(", ")} any more: when nothing else does, take ${what} out of ${place}`);
}
