import { readKeyFile } from "../../host/credential/key-file.ts";
import { type CredentialRow, survey } from "../../host/credential/survey.ts";
import { needsKeys } from "../../unit/credential.ts";
import type { Unit } from "../../unit/unit.ts";
import type { Context } from "../context.ts";
import { openKeys } from "../creds/keys.ts";
import { bad, type Finding, warn, well } from "./finding.ts";

const check = "credentials";
/** Why so early: whoever has to make a new secret may need others for that. */
const SOON_MS = 14 * 86_400_000;

/** Looks whether every credential could be given to its unit now, and whether the keys are nobody else's to read. Nothing where there are none of either. */
export async function checkCredentials(
  units: readonly Unit[],
  { root, stateDir, now }: Pick<Context, "root" | "stateDir" | "now">,
): Promise<readonly Finding[]> {
  const opened = await openKeys({ root, stateDir });
  // What is wrong with `config/` is told by another check.
  if (!opened.ok) return [];
  const { source } = opened.value;
  const isNeeded = units.some(needsKeys);
  const read = isNeeded ? await opened.value.fetch() : source.tag === "file" ? readKeyFile(source.path) : null;
  const lost = read?.ok === false && (isNeeded || read.isMissing !== true) ? [bad(check, read.message, read.fix)] : [];
  const rows = survey(units, read, { root, stateDir, environ: process.env, now: now() });
  const isReadable = ({ encrypted }: CredentialRow): boolean => !encrypted || read?.ok === true;
  const found = [...lost, ...rows.filter(isReadable).flatMap((row) => judge(row, now()))];
  if (found.length > 0 || rows.length === 0) return found;
  const encrypted = rows.filter((row) => row.encrypted).length;
  return [well(check, `${rows.length} readable, ${encrypted} of them encrypted`)];
}

function judge(
  { unit, name, path, problem, isOldKey, keyId, notAfterMs }: CredentialRow,
  now: Date,
): readonly Finding[] {
  const what = `${unit}: ${name}: ${path}`;
  if (problem !== null) return [bad(check, `${what}: ${problem}`, "supervisor creds list tells all of them")];
  const isSoonOver = notAfterMs !== null && notAfterMs - now.getTime() < SOON_MS;
  const until = notAfterMs === null ? "" : new Date(notAfterMs).toISOString();
  return [
    ...(isOldKey
      ? [warn(check, `${what}: is still encrypted with the old key ${keyId}`, "supervisor creds rekey")]
      : []),
    ...(isSoonOver
      ? [warn(check, `${what}: may not be used after ${until}`, "encrypt its successor in its place")]
      : []),
  ];
}
