import { createHash, randomBytes } from "node:crypto";
import type { Key } from "../../unit/credential.ts";

const KEY_BYTES = 32;
const ID_BYTES = 8;
/** Why: each of them is one more that may be stolen; a rotation that is never finished must not go unnoticed. */
export const MOST_KEYS = 8;

/** Keys, the first of which encrypts; or what is wrong with the text, never with a word of it. */
export type ReadKeys = Readonly<{ ok: true; keys: readonly [Key, ...Key[]] } | { ok: false; message: string }>;

/**
 * Reads keys as a file or a command gives them: one in each line, 32 bytes in base64 or hexadecimal digits. Empty lines, and those that
 * begin with `#`, are for people. The first key encrypts, all of them decrypt.
 * Source: Kubernetes, "Encrypting Confidential Data at Rest", for the meaning of their order.
 */
export function parseKeys(text: string): ReadKeys {
  const keys: Key[] = [];
  for (const [at, line] of text.split("\n").entries()) {
    const word = line.trim();
    if (word === "" || word.startsWith("#")) continue;
    const bytes = decode(word);
    if (bytes === null) {
      const message = `line ${at + 1} is no key: 32 bytes in base64 or hex, as \`openssl rand -base64 32\` prints them`;
      return { ok: false, message };
    }
    keys.push({ id: idOf(bytes), bytes });
  }
  const [first, ...rest] = keys;
  if (first === undefined) return { ok: false, message: "there is no key in it" };
  if (keys.length > MOST_KEYS)
    return { ok: false, message: `there are ${keys.length} keys in it, ${MOST_KEYS} may be` };
  return { ok: true, keys: [first, ...rest] };
}

export function makeKey(): Key {
  const bytes = randomBytes(KEY_BYTES);
  return { id: idOf(bytes), bytes };
}

/** The lines of one key, as `parseKeys` reads them. */
export function keyLines({ id, bytes }: Key, made: Date): string {
  return `# key ${id}, made ${made.toISOString()}\n${Buffer.from(bytes).toString("base64")}\n`;
}

function decode(word: string): Uint8Array | null {
  if (/^[0-9a-fA-F]{64}$/.test(word)) return Buffer.from(word, "hex");
  return /^[A-Za-z0-9+/]{43}=$/.test(word) ? Buffer.from(word, "base64") : null;
}

/** Names a key without giving anything of it away. Shape: "9f86d081884c7d65". */
function idOf(bytes: Uint8Array): string {
  const hash = createHash("sha256").update("supervisor credential key\n").update(bytes).digest();
  return hash.subarray(0, ID_BYTES).toString("hex");
}
