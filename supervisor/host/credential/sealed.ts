import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import type { Key, KeyRing } from "../../unit/credential.ts";
import { isCredentialName } from "../../unit/credential.ts";

/**
 * An encrypted credential, as a file that may be kept in git:
 *
 *   -----BEGIN SUPERVISOR CREDENTIAL-----
 *   base64, 64 characters a line, of:
 *     version 1 byte (1), key id 8, not after 8 (milliseconds since 1970, big-endian; 0: for ever), length of the name 1, the name,
 *     nonce 12, then the content in AES-256-GCM, and its tag 16
 *   -----END SUPERVISOR CREDENTIAL-----
 *
 * Everything before the nonce is the associated data: the name is bound to the content, so that no credential passes for another one.
 * Source: NIST SP 800-38D. The nonce is random, which is sound for 2^32 files of one key.
 */
const BEGIN = "-----BEGIN SUPERVISOR CREDENTIAL-----";
const END = "-----END SUPERVISOR CREDENTIAL-----";
const VERSION = 1;
const CIPHER = "aes-256-gcm";
const LINE_LENGTH = 64;
/** Where the parts are. Units: bytes. */
const KEY_AT = 1;
const NOT_AFTER_AT = 9;
const NAME_AT = 18;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** What can be told of an encrypted credential without its key. `notAfterMs`: since 1970; null: for ever. */
export type Sealed = Readonly<{
  name: string;
  keyId: string;
  notAfterMs: number | null;
  /** The associated data, then nonce, content and tag. */
  header: Uint8Array;
  body: Uint8Array;
}>;

/** A value, or a sentence that goes after the path of the file. */
export type Read<T> = Readonly<{ ok: true; value: T } | { ok: false; message: string }>;

export type SealOrder = Readonly<Pick<Sealed, "name" | "notAfterMs"> & { key: Key }>;

/** How long the file of a content may be. Units: bytes; with room for carriage returns, as git may add them. */
export function longestSealed(contentBytes: number): number {
  const bytes = NAME_AT + 255 + NONCE_BYTES + contentBytes + TAG_BYTES;
  const base64 = Math.ceil(bytes / 3) * 4;
  return base64 + 2 * Math.ceil(base64 / LINE_LENGTH) + BEGIN.length + END.length + 4;
}

/** Encrypts a content for one name. */
export function seal(content: Uint8Array, { name, notAfterMs, key }: SealOrder): string {
  const header = Buffer.alloc(NAME_AT);
  header[0] = VERSION;
  header.write(key.id, KEY_AT, "hex");
  header.writeBigUInt64BE(BigInt(notAfterMs ?? 0), NOT_AFTER_AT);
  header[NAME_AT - 1] = Buffer.byteLength(name);
  const known = Buffer.concat([header, Buffer.from(name)]);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key.bytes, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(known);
  const secret = Buffer.concat([cipher.update(content), cipher.final()]);
  const base64 = Buffer.concat([known, nonce, secret, cipher.getAuthTag()]).toString("base64");
  const lines = base64.match(new RegExp(`.{1,${LINE_LENGTH}}`, "g")) ?? [];
  return [BEGIN, ...lines, END, ""].join("\n");
}

/** Reads what is written around the secret. Errors: it is not encrypted, cut off, damaged, or of another version. */
export function inspect(text: string): Read<Sealed> {
  const lines = text.split(/\r?\n/);
  if (lines[0] !== BEGIN)
    return no(`is not encrypted by \`supervisor creds encrypt\`: it does not begin with ${BEGIN}`);
  const end = lines.indexOf(END);
  if (end < 0) return no("is cut off: its last line is missing");
  if (lines.slice(end + 1).join("") !== "") return no("goes on behind its last line");
  const base64 = lines.slice(1, end).join("");
  const bytes = Buffer.from(base64, "base64");
  if (bytes.toString("base64") !== base64)
    return no("is damaged: what stands between its first and last line is no base64");
  return readParts(bytes);
}

/**
 * Decrypts. `name`: what the credential is called where it is used; `nowMs`: null asks not whether it has expired.
 * Errors: another name, a key that is not there, expired, changed.
 */
export function unseal(
  sealed: Sealed,
  { name, ring, nowMs }: Readonly<{ name: string; ring: KeyRing; nowMs: number | null }>,
): Read<Uint8Array> {
  if (sealed.name !== name) return no(`was encrypted as "${sealed.name}", not as "${name}"`);
  const key = ring.keys.find(({ id }) => id === sealed.keyId);
  if (!key) {
    const ids = ring.keys.map(({ id }) => id).join(", ");
    return no(`is encrypted with key ${sealed.keyId}, and ${ring.place} has ${ids}`);
  }
  const { body } = sealed;
  const secret = body.subarray(NONCE_BYTES, body.length - TAG_BYTES);
  const decipher = createDecipheriv(CIPHER, key.bytes, body.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(sealed.header);
  decipher.setAuthTag(body.subarray(body.length - TAG_BYTES));
  let content: Uint8Array;
  try {
    content = Buffer.concat([decipher.update(secret), decipher.final()]);
  } catch {
    return no("was changed after it had been encrypted"); // The tag does not fit: no byte of it is to be believed.
  }
  // Only now is the date known to be that of whoever has encrypted it.
  const { notAfterMs } = sealed;
  if (nowMs !== null && notAfterMs !== null && nowMs > notAfterMs) {
    return no(`may not be used since ${new Date(notAfterMs).toISOString()}`);
  }
  return { ok: true, value: content };
}

function readParts(bytes: Buffer): Read<Sealed> {
  const [version] = bytes;
  if (version !== VERSION) return no(`is of version ${version ?? "none"}, and this supervisor reads ${VERSION}`);
  const nameEnd = NAME_AT + (bytes[NAME_AT - 1] ?? 0);
  if (bytes.length < nameEnd + NONCE_BYTES + TAG_BYTES) return no("is cut off");
  const name = bytes.toString("latin1", NAME_AT, nameEnd);
  const until = Number(bytes.readBigUInt64BE(NOT_AFTER_AT));
  if (!isCredentialName(name) || until > LATEST_MS) return no("was changed after it had been encrypted");
  return {
    ok: true,
    value: {
      name,
      keyId: bytes.toString("hex", KEY_AT, NOT_AFTER_AT),
      notAfterMs: until === 0 ? null : until,
      header: bytes.subarray(0, nameEnd),
      body: bytes.subarray(nameEnd),
    },
  };
}

/** The latest moment that a Date can hold. Source: ECMA-262, Time Values and Time Range. */
const LATEST_MS = 8.64e15;

function no(message: string): Read<never> {
  return { ok: false, message };
}
