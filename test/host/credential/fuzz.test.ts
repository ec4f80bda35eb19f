import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keyLines, makeKey } from "../../../supervisor/host/credential/key.ts";
import { readKeyFile } from "../../../supervisor/host/credential/key-file.ts";
import { inspect, seal, unseal } from "../../../supervisor/host/credential/sealed.ts";
import { mutatedBytes } from "../../support/mutate.ts";

const MUTATIONS = 2000;
const made = new Date(0);
const keys = [makeKey(), makeKey()] as const;
const content = Buffer.from("a secret\nof two lines\0");

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sv-fuzz-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

test(`${MUTATIONS} mutations of an encrypted credential: it is the very content, or refused in one sentence without a word of it`, () => {
  const text = seal(content, { name: "db", notAfterMs: null, key: keys[0] });
  const ring = { place: "/etc/keys", keys };
  const open = (bytes: Uint8Array) => {
    const sealed = inspect(Buffer.from(bytes).toString("latin1"));
    return sealed.ok ? unseal(sealed.value, { name: "db", ring, nowMs: 1 }) : sealed;
  };
  expect(open(Buffer.from(text))).toEqual({ ok: true, value: content });
  let refused = 0;
  for (let seed = 1; seed <= MUTATIONS; seed++) {
    const read = open(mutatedBytes(text, seed));
    if (!read.ok) refused++;
    const isRight = read.ok
      ? content.equals(read.value)
      : /^[^\n]+$/.test(read.message) && !read.message.includes("secret");
    if (!isRight) throw new Error(`seed ${seed}: ${JSON.stringify(read)}`);
  }
  expect(refused).toBeGreaterThan(MUTATIONS / 2);
});

test(`${MUTATIONS / 2} mutations of a file of keys: it has keys, or is refused with its path and without a word of it`, () => {
  const path = join(folder, "keys");
  const text = keys.map((key) => keyLines(key, made)).join("");
  const words = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const seen = { good: 0, refused: 0 };
  for (let seed = 1; seed <= MUTATIONS / 2; seed++) {
    writeFileSync(path, mutatedBytes(text, seed), { mode: 0o600 });
    const read = readKeyFile(path);
    seen[read.ok ? "good" : "refused"]++;
    const isRight = read.ok
      ? read.ring.keys.every(({ bytes }) => bytes.length === 32)
      : read.message.startsWith(`${path}: `) && !words.some((word) => read.message.includes(word.slice(0, 8)));
    if (!isRight) throw new Error(`seed ${seed}: ${JSON.stringify(read)}`);
  }
  expect(seen.good).toBeGreaterThan(50);
  expect(seen.refused).toBeGreaterThan(100);
});
