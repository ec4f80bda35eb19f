import { closeSync, constants, fstatSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";
import type { CredentialSource } from "../unit/credential.ts";
import { reasonOf } from "./reason.ts";

/** Units: bytes, of all credentials of one invocation together. Source: systemd.exec(5), LoadCredential=. */
const MOST_BYTES = 1024 * 1024;
/** Why: a loop of folders or a wrong path (`/`) must end soon. */
const MOST_FILES = 1024;
const DEEPEST = 16;
/** The names that may be written in a unit file, and that the parts of a path may have. */
const NAME = /^[A-Za-z0-9_-][A-Za-z0-9_.-]*$/;

/** What is to be in the directory, by name; or what stands in the way, with the path in it. */
export type CredentialFiles = Readonly<
  { ok: true; files: ReadonlyMap<string, Uint8Array> } | { ok: false; message: string }
>;

/**
 * Reads the file of one credential, or each file of a directory: `keys` with `a` and `sub/b` gives `keys_a` and `keys_sub_b`,
 * without links and names that begin with a dot. `taken`: what was read before; a file of a directory never takes its place.
 * Errors: a sentence, for what is neither file nor directory, cannot be read, or is too much.
 * Source: systemd.exec(5), LoadCredential=. Why never a pipe or a device: the whole daemon would wait for its writer.
 */
export function readCredential(
  { name, path }: CredentialSource,
  taken: ReadonlyMap<string, Uint8Array>,
): CredentialFiles {
  const files = new Map(taken);
  const reading: Reading = { files, leftBytes: MOST_BYTES - sizeOf(taken) };
  const message = readPlace(reading, name, path, 0);
  return message === null ? { ok: true, files } : { ok: false, message };
}

type Reading = { files: Map<string, Uint8Array>; leftBytes: number };

function readPlace(reading: Reading, name: string, path: string, depth: number): string | null {
  let fd = -1;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    const stat = fstatSync(fd);
    if (stat.isDirectory()) return readFolder(reading, name, path, depth);
    if (!stat.isFile()) return `${path}: is neither a file nor a directory`;
    const before = reading.files.get(name);
    if (before !== undefined && depth > 0) return null;
    reading.leftBytes += before?.length ?? 0;
    if (reading.files.size >= MOST_FILES) return `${path}: a unit may have ${MOST_FILES} credentials at most`;
    const content = readUpTo(fd, reading.leftBytes);
    if (content === null) return `${path}: the credentials of a unit may have 1 MiB together`;
    reading.files.set(name, content);
    reading.leftBytes -= content.length;
    return null;
  } catch (error) {
    return `${path}: ${reasonOf(error)}`;
  } finally {
    if (fd >= 0) closeSync(fd);
  }
}

/** In the order of names, so that every start reads the same. */
function readFolder(reading: Reading, name: string, path: string, depth: number): string | null {
  if (depth >= DEEPEST) return `${path}: lies too deep`;
  const entries = readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (entry.name.startsWith(".") || entry.isSymbolicLink()) continue;
    const inner = join(path, entry.name);
    if (!NAME.test(entry.name)) return `${inner}: is no credential's name: letters, digits and any of _.-`;
    const message = readPlace(reading, `${name}_${entry.name}`, inner, depth + 1);
    if (message !== null) return message;
  }
  return null;
}

/** Null: it is longer. Why not by its size: what the kernel makes up (/proc, /sys) says 0. */
function readUpTo(fd: number, limitBytes: number): Uint8Array | null {
  const buffer = new Uint8Array(limitBytes + 1);
  for (let lengthBytes = 0; ; ) {
    const count = readSync(fd, buffer, lengthBytes, buffer.length - lengthBytes, null);
    if (count === 0) return buffer.slice(0, lengthBytes);
    lengthBytes += count;
    if (lengthBytes > limitBytes) return null;
  }
}

function sizeOf(files: ReadonlyMap<string, Uint8Array>): number {
  return [...files.values()].reduce((sum, { length }) => sum + length, 0);
}
