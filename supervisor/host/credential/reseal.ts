import { chmodSync, chownSync, realpathSync, statSync } from "node:fs";
import type { KeyRing } from "../../unit/credential.ts";
import { reasonOf } from "../reason.ts";
import { replaceFile } from "../replace-file.ts";
import { readSealed } from "./read.ts";
import { type Read, seal, unseal } from "./sealed.ts";

const PERMISSIONS = 0o7777;

/**
 * Encrypts a file anew with the first key, with its name and its date, in its place; null: it is on that key already. The file is the
 * old one or the new one at any moment, and stays its owner's. Errors: what stands in the way, without the path.
 */
export function reseal(path: string, ring: KeyRing): Read<string | null> {
  const [key] = ring.keys;
  const sealed = readSealed(path);
  if (!sealed.ok) return sealed;
  const { name, keyId, notAfterMs } = sealed.value;
  if (keyId === key.id) return { ok: true, value: null };
  const content = unseal(sealed.value, { name, ring, nowMs: null });
  if (!content.ok) return content;
  try {
    const real = realpathSync(path);
    const { mode, uid, gid } = statSync(real);
    replaceFile(real, seal(content.value, { name, notAfterMs, key }), mode & PERMISSIONS);
    chmodSync(real, mode & PERMISSIONS);
    if (statSync(real).uid !== uid) chownSync(real, uid, gid);
    return { ok: true, value: keyId };
  } catch (error) {
    return { ok: false, message: reasonOf(error) };
  }
}
