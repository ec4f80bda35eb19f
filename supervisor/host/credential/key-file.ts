import { closeSync, constants, fstatSync, mkdirSync, openSync, realpathSync, type Stats, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import type { Key, KeysRead } from "../../unit/credential.ts";
import { reasonOf } from "../reason.ts";
import { replaceFile } from "../replace-file.ts";
import { keyLines, MOST_KEYS, makeKey, parseKeys } from "./key.ts";
import { readAll } from "./read.ts";

const LONGEST_BYTES = 16 * 1024;
const OTHERS = 0o077;
const PERMISSIONS = 0o777;

/** Errors: the file is not there, others can read it, it is somebody else's, there is no key in it. */
export function readKeyFile(path: string): KeysRead {
  const read = readSafely(path);
  if (typeof read !== "string") return read;
  const parsed = parseKeys(read);
  if (parsed.ok) return { ok: true, ring: { place: path, keys: parsed.keys } };
  return { ok: false, message: `${path}: ${parsed.message}`, fix: `correct it, or put back the file that was there` };
}

/**
 * Makes the file with its first key, for its owner alone. Errors: throws what `node:fs` throws, EEXIST where it is there:
 * a key that is overwritten is lost, and what it has encrypted with it.
 */
export function createKeyFile(path: string, now: Date): Key {
  const key = makeKey();
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, keyLines(key, now), { mode: 0o600, flag: "wx" });
  return key;
}

/**
 * Puts a new key before those that are there, which still decrypt. Errors: as `readKeyFile`, and when it has as many as it may have;
 * throws what `node:fs` throws.
 */
export function addKey(path: string, now: Date): KeysRead {
  const read = readKeyFile(path);
  if (!read.ok) return read;
  const { keys } = read.ring;
  if (keys.length >= MOST_KEYS) {
    const message = `${path}: there are ${keys.length} keys in it, and there may not be more`;
    return { ok: false, message, fix: "remove those that `supervisor creds list` names no credential for" };
  }
  const before = readSafely(path);
  if (typeof before !== "string") return before;
  const key = makeKey();
  replaceFile(realpathSync(path), keyLines(key, now) + before);
  return { ok: true, ring: { place: path, keys: [key, ...keys] } };
}

/** The text of the file, when nobody else can read it. */
function readSafely(path: string): string | Extract<KeysRead, { ok: false }> {
  let fd = -1;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    const refusal = unsafe(path, fstatSync(fd));
    if (refusal !== null) return refusal;
    const content = readAll(fd, LONGEST_BYTES);
    if (content === null) return { ok: false, message: `${path}: is too long for a file of keys`, fix: PUT_RIGHT };
    return Buffer.from(content).toString("latin1");
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
    return { ok: false, message: `${path}: ${reasonOf(error)}`, fix: isMissing ? MAKE_ONE : PUT_RIGHT, isMissing };
  } finally {
    if (fd >= 0) closeSync(fd);
  }
}

const MAKE_ONE =
  "copy the key there that they were encrypted with; where there is none yet, `supervisor creds encrypt` makes one";
const PUT_RIGHT = `put the file of the keys there, readable for the user that runs the supervisor`;

function unsafe(path: string, stat: Stats): Extract<KeysRead, { ok: false }> | null {
  const { mode, uid } = stat;
  const own = process.geteuid?.() ?? uid;
  if (!stat.isFile()) return { ok: false, message: `${path}: is no file`, fix: PUT_RIGHT };
  if ((mode & OTHERS) !== 0) {
    const shown = `0${(mode & PERMISSIONS).toString(8)}`;
    return { ok: false, message: `${path} has mode ${shown}: others can read the keys`, fix: `chmod 600 ${path}` };
  }
  if (uid === own || uid === 0) return null;
  const message = `${path} belongs to the user ${uid}, who can read the keys`;
  return { ok: false, message, fix: `chown ${own} ${path}` };
}
