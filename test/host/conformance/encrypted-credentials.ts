import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { keyLines, makeKey, parseKeys } from "../../../supervisor/host/credential/key.ts";
import { runKeyCommand } from "../../../supervisor/host/credential/key-command.ts";
import { addKey, createKeyFile, readKeyFile } from "../../../supervisor/host/credential/key-file.ts";
import { createKeys } from "../../../supervisor/host/credential/keys.ts";
import { inspect, seal, unseal } from "../../../supervisor/host/credential/sealed.ts";
import { createCredentials } from "../../../supervisor/host/credentials.ts";
import type { Key, KeysRead } from "../../../supervisor/unit/credential.ts";
import type { Case } from "../../support/case.ts";
import { unit } from "../../unit/sample.ts";

const MADE = new Date("2026-11-22T00:00:00Z");
const SECRET = Buffer.from("secret\0\xff\n", "latin1");
const LAPSED = Date.parse("2020-01-01T00:00:00Z");

/** What is in the directory, or what stands in the way. */
type Opened = Readonly<Record<string, string>> | readonly string[];

/** A root with a file of keys. `opened`: what a start of a unit with these credentials comes to. */
type Desk = Readonly<{
  dir: string;
  keyFile: string;
  key: Key;
  put(path: string, name: string, change?: (text: string) => string): void;
  opened(encrypted: string, plain?: string): Opened;
}>;

export const encryptedCredentialCases: readonly Case[] = [
  at("an encrypted credential reaches its service as it was, whatever bytes it has", ({ put, opened }) => {
    put("db.cred", "db");
    put("b", "b", (text) => text.replaceAll("\n", "\r\n"));
    assert.deepEqual(opened('db = "db.cred"\nb = "b"'), {
      b: SECRET.toString("latin1"),
      db: SECRET.toString("latin1"),
    });
  }),
  at("a directory gives a credential for each encrypted file, whose name has the directory's before it", (desk) => {
    desk.put("tls/cert", "tls_cert");
    desk.put("tls/sub/key", "tls_sub_key");
    assert.deepEqual(Object.keys(desk.opened('tls = "tls"')), ["tls_cert", "tls_sub_key"]);
    desk.put("tls/other", "other");
    assert.deepEqual(desk.opened('tls = "tls"'), [
      `tls credential tls: ${desk.dir}/tls/other: was encrypted as "other", not as "tls_other"`,
    ]);
  }),
  at("whatever is wrong with encrypted credentials is told at once at their keys, and nothing is left", (desk) => {
    const [strange, { dir, key }] = [makeKey(), desk];
    desk.put("swapped", "cache");
    desk.put("cut", "cut", (text) => text.slice(0, 100));
    desk.put("tampered", "tampered", (text) => flipped(text, 120));
    writeFileSync(join(dir, "plain"), SECRET);
    writeFileSync(join(dir, "strange"), seal(SECRET, { name: "strange", notAfterMs: null, key: strange }));
    writeFileSync(join(dir, "lapsed"), seal(SECRET, { name: "lapsed", notAfterMs: LAPSED, key }));
    const names = ["gone", "swapped", "cut", "tampered", "plain", "strange", "lapsed"];
    const told = (name: string, why: string) => `${name} credential ${name}: ${dir}/${name}: ${why}`;
    assert.deepEqual(desk.opened(names.map((name) => `${name} = "${name}"`).join("\n")), [
      told("gone", "No such file or directory (ENOENT)"),
      told("swapped", 'was encrypted as "cache", not as "swapped"'),
      told("cut", "is cut off: its last line is missing"),
      told("tampered", "was changed after it had been encrypted"),
      told("plain", `is not encrypted by \`supervisor creds encrypt\`: it does not begin with ${BEGIN}`),
      told("strange", `is encrypted with key ${strange.id}, and ${desk.keyFile} has ${key.id}`),
      told("lapsed", "may not be used since 2020-01-01T00:00:00.000Z"),
    ]);
  }),
  at("a file with any one character changed is never taken for what it was", ({ key }) => {
    const ring = { place: "here", keys: [key] as const };
    // Of this length, so that its base64 ends with bits that say nothing.
    const text = seal(SECRET.subarray(1), { name: "db", notAfterMs: LAPSED, key });
    const take = (changed: string): boolean => {
      const sealed = inspect(changed);
      return sealed.ok && unseal(sealed.value, { name: "db", ring, nowMs: null }).ok;
    };
    assert.equal(take(text), true);
    // The last line break is the one character that says nothing.
    const unnoticed = [...text.slice(0, -1)].flatMap((_, place) => (take(flipped(text, place)) ? [place] : []));
    const cut = [...text.slice(0, -1)].flatMap((_, length) => (take(text.slice(0, length)) ? [length] : []));
    const last = text.indexOf("=") - 1;
    const others = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"].filter(
      (one) => one !== text[last],
    );
    const endings = others.filter((one) => take(text.slice(0, last) + one + text.slice(last + 1)));
    const stuffed = [...text].flatMap((_, place) =>
      take(`${text.slice(0, place)}!${text.slice(place)}`) ? [place] : [],
    );
    assert.deepEqual([unnoticed, cut, endings, stuffed], [[], [], [], []]);
  }),
  at("a file that is mangled in any way is refused and never breaks its reader", ({ key }) => {
    const ring = { place: "here", keys: [key] as const };
    const text = seal(SECRET, { name: "db", notAfterMs: null, key });
    const [begin = "", ...inner] = text.trimEnd().split("\n");
    const bytes = Buffer.from(inner.slice(0, -1).join(""), "base64");
    let seed = 20261122;
    const roll = (below: number) => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return Math.floor((seed / 2 ** 32) * below);
    };
    for (let turn = 0; turn < 2_000; turn++) {
      const mangled = Buffer.from(bytes.subarray(0, roll(4) === 0 ? roll(bytes.length) : bytes.length));
      for (let left = 1 + roll(4); left > 0 && mangled.length > 0; left--) mangled[roll(mangled.length)] = roll(256);
      const sealed = inspect([begin, mangled.toString("base64"), inner.at(-1), ""].join("\n"));
      const content = sealed.ok ? unseal(sealed.value, { name: "db", ring, nowMs: 0 }) : sealed;
      assert.ok(!content.ok || mangled.equals(bytes), mangled.toString("hex"));
      parseKeys(mangled.toString("latin1"));
    }
  }),
  at("without keys that are ours alone nothing is decrypted, and it is said what to do", ({ keyFile, put, opened }) => {
    put("db", "db");
    chmodSync(keyFile, 0o640);
    assert.deepEqual(opened('db = "db"'), [
      ` the keys: ${keyFile} has mode 0640: others can read the keys; chmod 600 ${keyFile}`,
    ]);
    chmodSync(keyFile, 0o600);
    writeFileSync(keyFile, "# no key\nhunter2\n");
    const wrong = wayOf(opened('db = "db"'));
    assert.match(wrong, /creds\.key: line 2 is no key: 32 bytes in base64 or hex/);
    assert.equal(wrong.includes("hunter2"), false);
    rmSync(keyFile);
    assert.match(wayOf(opened('db = "db"')), /creds\.key: No such file or directory \(ENOENT\); copy the key there/);
  }),
  at("plain credentials need no key", ({ dir, keyFile, opened }) => {
    rmSync(keyFile);
    writeFileSync(join(dir, "plain"), "plain");
    assert.deepEqual(opened("", 'plain = "plain"'), { plain: "plain" });
  }),
  at(
    "after a rotation the new key encrypts and both decrypt; a key is never overwritten",
    ({ key, keyFile, put, opened }) => {
      put("old", "old");
      const rotated = addKey(keyFile, MADE);
      const [first, second] = rotated.ok ? rotated.ring.keys : [];
      assert.deepEqual([second?.id, first?.id === key.id], [key.id, false]);
      assert.deepEqual(opened('old = "old"'), { old: SECRET.toString("latin1") });
      assert.throws(() => createKeyFile(keyFile, MADE), { code: "EEXIST" });
      while (readKeyFile(keyFile).ok && addKey(keyFile, MADE).ok);
      const full = addKey(keyFile, MADE);
      assert.match(full.ok ? "" : full.message, /there are 8 keys in it, and there may not be more$/);
      assert.deepEqual(opened('old = "old"'), { old: SECRET.toString("latin1") });
    },
  ),
  at("1 MiB may be encrypted and one byte more is refused", ({ dir, key, opened }) => {
    for (const [name, size] of [
      ["most", 1024 * 1024],
      ["more", 1024 * 1024 + 1],
    ] as const) {
      writeFileSync(join(dir, name), seal(Buffer.alloc(size, 1), { name, notAfterMs: null, key }));
    }
    assert.equal((opened('most = "most"') as Readonly<Record<string, string>>).most?.length, 1024 * 1024);
    const why = `more credential more: ${dir}/more: the credentials of a unit may have 1 MiB together`;
    assert.deepEqual(opened('more = "more"'), [why]);
  }),
  at("keys are read in base64 and in hex, and comments and empty lines are passed over", ({ key }) => {
    const hex = Buffer.from(key.bytes).toString("hex");
    for (const text of [`\n  ${hex.toUpperCase()}  \r\n`, `# a\n${keyLines(key, MADE)}`]) {
      const parsed = parseKeys(text);
      assert.deepEqual(parsed.ok && parsed.keys.map(({ id }) => id), [key.id]);
    }
    for (const text of ["", "# only words\n", `${hex}00`, hex.slice(2)]) assert.equal(parseKeys(text).ok, false);
  }),
  asking(
    "a command gives the keys, in the root and without what is meant for the supervisor alone",
    async ({ dir, key }) => {
      const script = `printf '# %s %s\\n' "$(pwd -P)" "$\{NOTIFY_SOCKET-none}" >> told; cat "$KEYS"`;
      const environ = { ...process.env, KEYS: join(dir, "state/creds.key"), NOTIFY_SOCKET: "/x" };
      const order = { argv: ["/bin/sh", "-c", script] as const, root: dir, environ, showErrors: false };
      const read = await runKeyCommand(order);
      assert.deepEqual(read.ok && read.ring.keys.map(({ id }) => id), [key.id]);
      assert.match(readFileSync(join(dir, "told"), "utf8"), /^# .* none\n$/);
    },
  ),
  asking(
    "a command that fails, prints too much, hangs or is not there is a refusal without its words",
    async ({ dir }) => {
      const run = (argv: readonly [string, ...string[]], limitMs = 5_000) =>
        runKeyCommand({ argv, root: dir, environ: process.env, showErrors: false, limitMs });
      const sh = (script: string, limitMs?: number) => run(["/bin/sh", "-c", script], limitMs);
      const reads = await Promise.all([
        sh("echo hunter2 >&2; echo hunter2; exit 3"),
        sh("kill -9 $$"),
        sh("echo hunter2"),
        sh("while :; do echo 0123456789012345678901234567890123456789; done"),
        sh("sleep 30 & exec sleep 30", 200),
        run(["no-such-program-7f3a"]),
      ]);
      assert.deepEqual(reads.map(refusal), [
        "the key command (/bin/sh) failed with exit code 3",
        "the key command (/bin/sh) was ended by SIGKILL",
        "what the key command (/bin/sh) prints is of no use: line 1 is no key: 32 bytes in base64 or hex, as `openssl rand -base64 32` prints them",
        "the key command (/bin/sh) prints more than 16384 bytes",
        "the key command (/bin/sh) gave no answer within 0.2s",
        "the key command (no-such-program-7f3a) cannot be run: No such file or directory (ENOENT)",
      ]);
    },
  ),
  asking(
    "whoever asks while the command runs gets the answer of the same run; an end ends it",
    async ({ dir, key, keyFile }) => {
      const command = ["/bin/sh", "-c", `echo x >> runs; test -e held && sleep 30; cat ${keyFile}`];
      const options = { root: dir, stateDir: join(dir, "state"), environ: process.env, showErrors: false };
      const keys = createKeys(options, command);
      const both = await Promise.all([keys.fetch(), keys.fetch()]);
      await keys.fetch();
      assert.deepEqual(
        both.map((read) => read.ok && read.ring.keys[0].id),
        [key.id, key.id],
      );
      assert.equal(readFileSync(join(dir, "runs"), "utf8"), "x\nx\n");
      writeFileSync(join(dir, "held"), "");
      const held = keys.fetch();
      keys.close();
      assert.equal(refusal(await held), "the key command (/bin/sh) was not waited for");
      const environ = { ...process.env, SUPERVISOR_CREDS_KEY_FILE: "state/creds.key" };
      assert.deepEqual(createKeys({ ...options, environ }, command).source, { tag: "file", path: keyFile });
    },
  ),
];

const BEGIN = "-----BEGIN SUPERVISOR CREDENTIAL-----";

function at(promise: string, use: (desk: Desk) => void): Case {
  return asking(promise, async (desk) => use(desk));
}

function asking(promise: string, use: (desk: Desk) => Promise<void>): Case {
  return {
    promise,
    run: async () => {
      const dir = mkdtempSync(join(tmpdir(), "encrypted-"));
      try {
        await use(deskIn(dir));
      } finally {
        rmSync(dir, { recursive: true });
      }
    },
  };
}

function deskIn(dir: string): Desk {
  const stateDir = join(dir, "state");
  const keyFile = join(stateDir, "creds.key");
  const key = createKeyFile(keyFile, MADE);
  const options = { root: dir, stateDir, environ: { ...process.env, SUPERVISOR_CREDS_KEY_FILE: "" } };
  const credentials = createCredentials({ ...options, keys: createKeys({ ...options, showErrors: false }) });
  return {
    dir,
    keyFile,
    key,
    put(path, name, change = (text) => text) {
      mkdirSync(join(dir, path, ".."), { recursive: true });
      writeFileSync(join(dir, path), change(seal(SECRET, { name, notAfterMs: null, key })));
    },
    opened(encrypted, plain = "") {
      const sections = `[service.load_credential]\n${plain}\n[service.load_credential_encrypted]\n${encrypted}\n`;
      const own = unit("api", `[service]\nscript = "a.ts"\n${sections}`);
      const before = readdirSync(stateDir);
      const keys = credentials.keys(own);
      assert.ok(!(keys instanceof Promise));
      const given = credentials.open(own, 1, "i1", keys);
      if (!given.ok) {
        assert.deepEqual(readdirSync(stateDir), before);
        assert.deepEqual(new Set(given.faults.map(({ code }) => code)), new Set(["credential-failed"]));
        const shown = (at = "") => at.replace(/^service\.load_credential_encrypted\.?/, "");
        return given.faults.map(({ message, at }) => `${shown(at?.key)} ${message}`);
      }
      const path = given.value ?? "";
      const found = Object.fromEntries(
        readdirSync(path)
          .sort()
          .map((name) => [name, readFileSync(join(path, name), "latin1")]),
      );
      credentials.sweep();
      return found;
    },
  };
}

function wayOf(opened: Opened): string {
  return Array.isArray(opened) ? opened.join() : "";
}

function refusal(read: KeysRead): string {
  return read.ok ? "" : read.message;
}

/** With one character exchanged for another one. */
function flipped(text: string, place: number): string {
  return text.slice(0, place) + (text[place] === "B" ? "C" : "B") + text.slice(place + 1);
}
