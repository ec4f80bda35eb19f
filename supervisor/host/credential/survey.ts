import type { CommandContext } from "../../unit/command.ts";
import { type CredentialSource, credentialSources, type KeyRing, type KeysRead } from "../../unit/credential.ts";
import type { Unit } from "../../unit/unit.ts";
import { loginOf } from "../account.ts";
import { type CredentialPlace, MOST_BYTES, placesOf, readSealed, readUpTo } from "./read.ts";
import { unseal } from "./sealed.ts";

/** One file of a unit's credentials, without anything of what is in it. `keyId`: null where it is not encrypted, or not to be told. */
export type CredentialRow = Readonly<{
  unit: string;
  name: string;
  path: string;
  encrypted: boolean;
  keyId: string | null;
  /** It can be decrypted, but not with the key that encrypts now. */
  isOldKey: boolean;
  /** Units: milliseconds since 1970. */
  notAfterMs: number | null;
  /** What stands in the way of it; null: nothing. */
  problem: string | null;
}>;

export type SurveyOptions = Readonly<Pick<CommandContext, "root" | "stateDir" | "environ"> & { now: Date }>;

/** Looks at every credential of the units as a start would now, each file of each instance once. `keys`: null where nothing is encrypted. */
export function survey(
  units: readonly Unit[],
  keys: KeysRead | null,
  options: SurveyOptions,
): readonly CredentialRow[] {
  const rows = units.flatMap((unit) => {
    const instances = Array.from({ length: Math.max(1, unit.service.instances) }, (_, index) => index + 1);
    return instances.flatMap((instance) => rowsOf(unit, instance, keys, options));
  });
  return [...new Map(rows.map((row) => [[row.unit, row.name, row.path].join("\n"), row])).values()];
}

function rowsOf(unit: Unit, instance: number, keys: KeysRead | null, options: SurveyOptions): readonly CredentialRow[] {
  const sources = credentialSources(unit, { ...options, instance, login: loginOf(unit.service.user) });
  if (!sources.ok) {
    return sources.faults.map(({ message, at }) => {
      const [, table = "", ...name] = (at?.key ?? "").split(".");
      const encrypted = table === "load_credential_encrypted";
      return { ...plain, unit: unit.name, name: name.join("."), path: "", encrypted, problem: message };
    });
  }
  return sources.value.flatMap((source) => {
    const places = placesOf(source);
    const own = { ...plain, unit: unit.name, name: source.name, path: source.path, encrypted: source.encrypted };
    if (places.length === 0) return [{ ...own, problem: "the directory is empty" }];
    return places.map((place) =>
      "message" in place ? { ...own, problem: place.message } : { ...own, ...look(source, place, keys, options.now) },
    );
  });
}

const plain = { keyId: null, isOldKey: false, notAfterMs: null, problem: null };

type Looked = Pick<CredentialRow, "name" | "path" | "keyId" | "isOldKey" | "notAfterMs" | "problem">;

function look(source: CredentialSource, place: CredentialPlace, keys: KeysRead | null, now: Date): Looked {
  const { name, path } = place;
  if (!source.encrypted) {
    const read = readUpTo(path, MOST_BYTES);
    return { ...plain, name, path, problem: read.ok ? null : read.message };
  }
  const sealed = readSealed(path);
  if (!sealed.ok) return { ...plain, name, path, problem: sealed.message };
  const { keyId, notAfterMs } = sealed.value;
  const known = { ...plain, name, path, keyId, notAfterMs };
  if (keys?.ok !== true) return { ...known, problem: `the keys: ${keys?.message ?? "there are none"}` };
  const content = unseal(sealed.value, { name, ring: keys.ring, nowMs: now.getTime() });
  return { ...known, isOldKey: isOld(keyId, keys.ring), problem: content.ok ? null : content.message };
}

function isOld(keyId: string, { keys: [, ...old] }: KeyRing): boolean {
  return old.some(({ id }) => id === keyId);
}
