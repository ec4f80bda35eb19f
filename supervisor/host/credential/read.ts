import { closeSync, constants, fstatSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { type CredentialSource, isCredentialName, type KeyRing } from "../../unit/credential.ts";
import { reasonOf } from "../reason.ts";
import { inspect, longestSealed, type Read, type Sealed, unseal } from "./sealed.ts";

/** Units: bytes, of all credentials of one invocation together. Source: systemd.exec(5), LoadCredential=. */
export const MOST_BYTES = 1024 * 1024;
/** Why: a loop of folders or a wrong path (`/`) must end soon. */
const MOST_FILES = 1024;
const DEEPEST = 16;

/** What is to be in the directory, by name; or what stands in the way, with the path in it. */
export type CredentialFiles = Readonly<
  { ok: true; files: ReadonlyMap<string, Uint8Array> } | { ok: false; message: string }
>;

/** `ring`: null where nothing is encrypted. */
export type Reading = Readonly<{ taken: ReadonlyMap<string, Uint8Array>; ring: KeyRing | null }>;

/**
 * Reads the file of one credential, or each file of a directory: `keys` with `a` and `sub/b` gives `keys_a` and `keys_sub_b`,
 * without links and names that begin with a dot. `taken`: what was read before; a file of a directory never takes its place.
 * Errors: a sentence, for what is neither file nor directory, cannot be read or decrypted, or is too much.
 * Source: systemd.exec(5), LoadCredential=. Why never a pipe or a device: the whole daemon would wait for its writer.
 */
export function readCredential(source: CredentialSource, { taken, ring }: Reading): CredentialFiles {
  const files = new Map(taken);
  let leftBytes = MOST_BYTES - sizeOf(taken);
  for (const place of placesOf(source)) {
    if ("message" in place) return { ok: false, message: place.message };
    const { name, path, isInside } = place;
    const before = files.get(name);
    if (before !== undefined && isInside) continue;
    leftBytes += before?.length ?? 0;
    if (before === undefined && files.size >= MOST_FILES) {
      return { ok: false, message: `${path}: a unit may have ${MOST_FILES} credentials at most` };
    }
    const read = source.encrypted && ring ? decrypted(place, ring, leftBytes) : readUpTo(path, leftBytes);
    if (!read.ok) return { ok: false, message: `${path}: ${read.message}` };
    files.set(name, read.value);
    leftBytes -= read.value.length;
  }
  return { ok: true, files };
}

/** One file of a credential. `isInside`: it was found in a directory. */
export type CredentialPlace = Readonly<{ name: string; path: string; isInside: boolean }>;

/** Finds the files of a credential, in the order of names, so that every start reads the same; or says why there are none. */
export function placesOf({
  name,
  path,
}: CredentialSource): readonly (CredentialPlace | Readonly<{ message: string }>)[] {
  const found: (CredentialPlace | Readonly<{ message: string }>)[] = [];
  walk(found, { name, path, isInside: false }, 0);
  return found;
}

/** Reads an encrypted credential without decrypting it. Errors: a sentence without the path. */
export function readSealed(path: string): Read<Sealed> {
  const read = readUpTo(path, longestSealed(MOST_BYTES));
  return read.ok ? inspect(Buffer.from(read.value).toString("latin1")) : read;
}

/** Reads a file. Errors: a sentence without the path, for what cannot be read, is no file, or is longer. */
export function readUpTo(path: string, limitBytes: number): Read<Uint8Array> {
  let fd = -1;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    if (!fstatSync(fd).isFile()) return { ok: false, message: "is neither a file nor a directory" };
    const content = readAll(fd, limitBytes);
    return content === null ? { ok: false, message: TOO_LONG } : { ok: true, value: content };
  } catch (error) {
    return { ok: false, message: reasonOf(error) };
  } finally {
    if (fd >= 0) closeSync(fd);
  }
}

/** Null: it is longer. Why not by its size: what the kernel makes up (/proc, /sys), and a pipe, says 0. Errors: throws what `node:fs` throws. */
export function readAll(fd: number, limitBytes: number): Uint8Array | null {
  const buffer = new Uint8Array(limitBytes + 1);
  for (let lengthBytes = 0; ; ) {
    const count = readSync(fd, buffer, lengthBytes, buffer.length - lengthBytes, null);
    if (count === 0) return buffer.slice(0, lengthBytes);
    lengthBytes += count;
    if (lengthBytes > limitBytes) return null;
  }
}

const TOO_LONG = "the credentials of a unit may have 1 MiB together";

function decrypted({ name, path }: CredentialPlace, ring: KeyRing, limitBytes: number): Read<Uint8Array> {
  const sealed = readSealed(path);
  if (!sealed.ok) return sealed;
  const content = unseal(sealed.value, { name, ring, nowMs: Date.now() });
  if (content.ok && content.value.length > limitBytes) return { ok: false, message: TOO_LONG };
  return content;
}

function walk(found: (CredentialPlace | Readonly<{ message: string }>)[], place: CredentialPlace, depth: number): void {
  const { name, path } = place;
  try {
    if (!statSync(path).isDirectory()) {
      found.push(place);
      return;
    }
    if (depth >= DEEPEST) {
      found.push({ message: `${path}: lies too deep` });
      return;
    }
    const entries = readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      // One more than a unit may have: that it has too many is told by whoever counts them.
      if (found.length > MOST_FILES) return;
      if (entry.name.startsWith(".") || entry.isSymbolicLink()) continue;
      const inner = join(path, entry.name);
      if (isCredentialName(entry.name)) {
        walk(found, { name: `${name}_${entry.name}`, path: inner, isInside: true }, depth + 1);
      } else found.push({ message: `${inner}: is no credential's name: letters, digits and any of _.-` });
    }
  } catch (error) {
    found.push({ message: `${path}: ${reasonOf(error)}` });
  }
}

function sizeOf(files: ReadonlyMap<string, Uint8Array>): number {
  return [...files.values()].reduce((sum, { length }) => sum + length, 0);
}
