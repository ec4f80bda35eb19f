import { type CredentialRow, survey } from "../../host/credential/survey.ts";
import { needsKeys } from "../../unit/credential.ts";
import type { Context } from "../context.ts";
import { exit } from "../exit.ts";
import { renderCredentials } from "../render/credentials.ts";
import { openKeys, tellFaults } from "./keys.ts";
import { unitsOf } from "./units.ts";

/** `supervisor creds list`: every credential of the units as a start would find it now, and never a value. Failed when something stands in the way of one. */
export async function run(context: Context): Promise<number> {
  const { root, stateDir, json, out, now, width } = context;
  const units = await unitsOf(root);
  if (!units.ok) return tellFaults(context, units.faults);
  const keys = await openKeys(context);
  if (!keys.ok) return tellFaults(context, keys.faults);
  const read = units.value.some(needsKeys) ? await keys.value.fetch() : null;
  const rows = survey(units.value, read, { root, stateDir, environ: process.env, now: now() });
  if (json) out(`${JSON.stringify({ credentials: rows.map(toJson) }, null, 2)}\n`);
  else out(rows.length === 0 ? "no unit has credentials\n" : renderCredentials(rows, root, width()));
  if (read?.ok === false) context.err(`the keys: ${read.message}\n     fix: ${read.fix}`);
  return rows.some(({ problem }) => problem !== null) ? exit.failed : exit.done;
}

function toJson({ unit, name, path, encrypted, keyId, isOldKey, notAfterMs, problem }: CredentialRow) {
  const notAfter = notAfterMs === null ? null : new Date(notAfterMs).toISOString();
  return { unit, name, path, encrypted, key: keyId, old_key: isOldKey, not_after: notAfter, problem };
}
