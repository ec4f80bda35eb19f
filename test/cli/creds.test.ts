import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArguments } from "../../supervisor/cli/arguments.ts";
import { createContext } from "../../supervisor/cli/context.ts";
import { unitsOf } from "../../supervisor/cli/creds/units.ts";
import { run as creds } from "../../supervisor/cli/creds.ts";
import { checkCredentials } from "../../supervisor/cli/doctor/credentials.ts";
import { commandOf, runtimeNames } from "../control/fixtures/runtime.ts";

const LIMIT_MS = 60_000;
const main = join(import.meta.dirname, "../../supervisor/main.ts");
const SECRET = Buffer.from("canary-7f3a\0\xff", "latin1");
const UNIT = `[service]
exec_start = ["true"]
load_credential = { plain = "plain" }
load_credential_encrypted = { db = "secrets/db.cred", tls = "secrets/tls" }
`;

type Said = Readonly<{ code: number | null; stdout: Buffer; stderr: string }>;

/** A root with the unit above, and a secret in `secret`. */
class Desk {
  readonly path = mkdtempSync(join(tmpdir(), "creds-"));
  readonly keyFile = join(this.path, ".supervisor/creds.key");

  constructor() {
    for (const folder of ["units", "config", "secrets/tls"]) mkdirSync(join(this.path, folder), { recursive: true });
    this.write("units/api.toml", UNIT);
    this.write("plain", "plain");
    this.write("secret", SECRET);
  }

  at(name: string): string {
    return join(this.path, name);
  }

  write(name: string, content: string | Uint8Array): void {
    writeFileSync(this.at(name), content);
  }

  /** Runs the verb in this process. */
  async creds(...words: readonly string[]): Promise<Said> {
    const parsed = parseArguments(["--root", this.path, "creds", ...words], {});
    if (parsed.tag === "misused") throw new Error(parsed.message);
    const said = { stdout: [] as Buffer[], stderr: "" };
    const out = (text: string | Uint8Array) => void said.stdout.push(Buffer.from(text));
    const err = (line: string) => {
      said.stderr += `${line}\n`;
    };
    const code = await creds({ ...createContext(parsed.settings), out, err });
    return { code, stdout: Buffer.concat(said.stdout), stderr: said.stderr };
  }

  async list(): Promise<Readonly<Record<string, unknown>>[]> {
    return JSON.parse((await this.creds("list", "--json")).stdout.toString()).credentials;
  }

  /** What the doctor finds. Shape: `WARN api: db: …`. */
  async doctor(): Promise<readonly string[]> {
    const units = await unitsOf(this.path);
    const context = { root: this.path, stateDir: this.at(".supervisor"), now: () => new Date() };
    const found = await checkCredentials(units.ok ? units.value : [], context);
    return found.map(({ result, detail, fix }) => `${result} ${detail}${fix === null ? "" : `: ${fix}`}`);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

describe.each(runtimeNames)("on %s", (runtime) => {
  test(
    "what is encrypted comes back as it was, also after a rotation, and the key that is made for it is ours alone",
    () => {
      using desk = new Desk();
      const run = (words: readonly string[], input: Uint8Array = new Uint8Array()): Said => {
        const [program, ...args] = commandOf(runtime, main, ["creds", ...words]);
        const env = { ...process.env, SUPERVISOR_CREDS_KEY_FILE: "keys/link" };
        const { status, stdout, stderr } = spawnSync(program, args, { cwd: desk.path, input, env, timeout: 20_000 });
        return { code: status, stdout, stderr: stderr.toString() };
      };
      const made = run(["encrypt", "-", "secrets/db.cred"], SECRET);
      expect(made).toMatchObject({ code: 0, stdout: Buffer.alloc(0) });
      expect(made.stderr).toMatch(/^made the key [0-9a-f]{16} in .*\/keys\/link: keep a copy of it/);
      expect(made.stderr).toMatch(/\nsecrets\/db\.cred: encrypted as "db" with key [0-9a-f]{16}\n$/);
      expect(["keys/link", "keys"].map((each) => statSync(desk.at(each)).mode & 0o777)).toEqual([0o600, 0o700]);
      expect(run(["decrypt", "secrets/db.cred"])).toEqual({ code: 0, stdout: SECRET, stderr: "" });
      const piped = run(["encrypt", "--name=tls_cert", "secret", "-"]);
      desk.write("secrets/tls/cert", piped.stdout);
      expect(run(["rotate"])).toMatchObject({ code: 0, stdout: Buffer.alloc(0) });
      expect(run(["decrypt", "-"], readFileSync(desk.at("secrets/tls/cert")))).toMatchObject({ stdout: SECRET });
    },
    LIMIT_MS,
  );
});

test("list tells whose each credential is, where it is from, its key, and what is in the way; rotate moves all to a new key", async () => {
  using desk = new Desk();
  await desk.creds("encrypt", desk.at("secret"), desk.at("secrets/db.cred"));
  await desk.creds("encrypt", "--name=tls_cert", "--not-after=+90d", desk.at("secret"), desk.at("secrets/tls/cert"));
  const [, old = ""] = /^# key (\w+)/.exec(readFileSync(desk.keyFile, "utf8")) ?? [];
  const own = { unit: "api", problem: null, old_key: false, not_after: null };
  const expected = (key: string) => [
    { ...own, name: "plain", path: desk.at("plain"), encrypted: false, key: null },
    { ...own, name: "db", path: desk.at("secrets/db.cred"), encrypted: true, key },
    {
      ...own,
      name: "tls_cert",
      path: desk.at("secrets/tls/cert"),
      encrypted: true,
      key,
      not_after: expect.stringMatching(/^20\d\d-/),
    },
  ];
  expect(await desk.list()).toEqual(expected(old));
  expect((await desk.creds("list")).stdout.toString()).toMatch(
    /^api +tls_cert +\w{16} +20\d\d-\d\d-\d\d +secrets\/tls\/cert +readable$/m,
  );

  chmodSync(desk.at("secrets/db.cred"), 0o640);
  const rotated = await desk.creds("rotate");
  const [, now = ""] = /creds\.key: key (\w+) encrypts from now on/.exec(rotated.stderr) ?? [];
  expect([rotated.code, now === old]).toEqual([0, false]);
  expect(rotated.stderr).toContain(`secrets/db.cred: from key ${old} to ${now}\n`);
  expect(rotated.stderr).toContain(`no unit needs ${old} any more: when nothing else does, take its line out of`);
  expect(await desk.list()).toEqual(expected(now));
  expect(statSync(desk.at("secrets/db.cred")).mode & 0o777).toBe(0o640);
  expect((await desk.creds("decrypt", desk.at("secrets/db.cred"), desk.at("out"))).code).toBe(0);
  expect([readFileSync(desk.at("out")), statSync(desk.at("out")).mode & 0o777]).toEqual([SECRET, 0o600]);
  expect((await desk.creds("rekey")).stderr).not.toContain("from key");
});

test("what is left on an old key is shown as that, in list and by the doctor, until rekey", async () => {
  using desk = new Desk();
  desk.write("units/api.toml", UNIT.replace(', tls = "secrets/tls"', ""));
  await desk.creds("encrypt", "--not-after=+2d", desk.at("secret"), desk.at("secrets/db.cred"));
  const before = readFileSync(desk.keyFile, "utf8");
  writeFileSync(desk.keyFile, `# from the vault\n${"ab".repeat(32)}\n${before}`);
  expect((await desk.list()).map(({ old_key }) => old_key)).toEqual([false, true]);
  expect((await desk.creds("list")).stdout.toString()).toMatch(/^api +db .* readable, with an old key$/m);
  const [old = "", soon = "", ...others] = await desk.doctor();
  expect(old).toMatch(/^WARN api: db: .*: is still encrypted with the old key \w+: supervisor creds rekey$/);
  expect(soon).toMatch(/^WARN api: db: .*: may not be used after 20/);
  expect(others).toEqual([]);

  await desk.creds("encrypt", desk.at("secret"), desk.at("secrets/db.cred"));
  writeFileSync(desk.keyFile, `${before}\n${"ab".repeat(32)}\n`);
  expect((await desk.creds("rekey", desk.at("secrets/db.cred"))).code).toBe(0);
  expect(await desk.doctor()).toEqual(["OK 2 readable, 1 of them encrypted"]);
  writeFileSync(desk.keyFile, `${"cd".repeat(32)}\n`);
  const lost = (await desk.list()).find(({ name }) => name === "db");
  expect(lost?.problem).toMatch(/^is encrypted with key \w+, and .*creds\.key has \w+$/);
  const codes = [await desk.creds("list"), await desk.creds("rekey")].map(({ code }) => code);
  expect([...codes, (await desk.doctor()).map((line) => line.slice(0, 4))]).toEqual([1, 1, ["FAIL"]]);
});

test("keys that others can read, or that are lost, are refused and said how to mend; nothing is overwritten", async () => {
  using desk = new Desk();
  expect(await desk.doctor()).toEqual([
    expect.stringMatching(/^FAIL .*creds\.key: No such file or directory \(ENOENT\)/),
  ]);
  await desk.creds("encrypt", desk.at("secret"), desk.at("secrets/db.cred"));
  const sealed = readFileSync(desk.at("secrets/db.cred"));
  chmodSync(desk.keyFile, 0o644);
  const open = `${desk.keyFile} has mode 0644: others can read the keys`;
  const [secret, file] = [desk.at("secret"), desk.at("secrets/db.cred")];
  for (const words of [["encrypt", secret, desk.at("x")], ["decrypt", file], ["rotate"], ["rekey"]]) {
    const stderr = `supervisor creds: ${open}\n     fix: chmod 600 ${desk.keyFile}\n`;
    expect([words[0], await desk.creds(...words)]).toEqual([words[0], { code: 1, stdout: Buffer.alloc(0), stderr }]);
  }
  expect([existsSync(desk.at("x")), readFileSync(file).equals(sealed)]).toEqual([false, true]);
  expect(await desk.doctor()).toEqual([`FAIL ${open}: chmod 600 ${desk.keyFile}`]);
  // Though no unit needs it.
  desk.write("units/api.toml", '[service]\nexec_start = ["true"]\n');
  expect(await desk.doctor()).toEqual([`FAIL ${open}: chmod 600 ${desk.keyFile}`]);
  rmSync(desk.keyFile);
  expect(await desk.doctor()).toEqual([]);
});

test("a key file behind a link is rotated where it is", async () => {
  using desk = new Desk();
  await desk.creds("encrypt", desk.at("secret"), desk.at("secrets/db.cred"));
  const key = readFileSync(desk.keyFile, "utf8");
  writeFileSync(desk.at("elsewhere"), key, { mode: 0o600 });
  rmSync(desk.keyFile);
  symlinkSync("../elsewhere", desk.keyFile);
  await desk.creds("rotate");
  expect(readFileSync(desk.at("elsewhere"), "utf8")).toMatch(new RegExp(`^# key .*\n.*\n${RegExp.escape(key)}$`));
});

test("a key command of config/ is asked, and rotate says what it has to print", async () => {
  using desk = new Desk();
  const command = JSON.stringify(["sh", "-c", `echo asked >> asked; echo ${"ab".repeat(32)}`]);
  desk.write("config/local.toml", `[credentials]\nkey_command = ${command}\n`);
  await desk.creds("encrypt", desk.at("secret"), desk.at("secrets/db.cred"));
  expect((await desk.creds("decrypt", desk.at("secrets/db.cred"))).stdout).toEqual(SECRET);
  expect([readFileSync(desk.at("asked"), "utf8"), existsSync(desk.keyFile)]).toEqual(["asked\nasked\n", false]);
  expect(await desk.creds("rotate")).toMatchObject({
    code: 1,
    stderr:
      "supervisor creds: the keys come from sh: let it print a new key before those that it prints now, then supervisor creds rekey\n",
  });
  desk.write("config/local.toml", "[credentials]\nkey_command = []\n");
  expect((await desk.creds("decrypt", desk.at("secrets/db.cred"))).code).toBe(6);
});

test.each<readonly [readonly string[], string]>([
  [["encrypt", "a"], "usage: supervisor creds encrypt IN OUT"],
  [["encrypt", "a", "-"], "supervisor creds: --name: is needed where the credential is written to stdout"],
  [["encrypt", "a", "b c"], 'supervisor creds: --name: "b c" is no credential\'s name: letters, digits and any of _.-'],
  [
    ["encrypt", "a", "b", "--not-after=soon"],
    "supervisor creds: --not-after: must be a time such as 2027-01-01 or '+90 days', got 'soon'",
  ],
  [["encrypt", "a", "b", "--not-after=2020-01-01"], "supervisor creds: --not-after: 2020-01-01 is over"],
  [["list", "api"], "usage: supervisor creds list"],
  [
    ["encrpt", "a", "b"],
    "supervisor creds: must be encrypt, decrypt, list, rotate or rekey, got 'encrpt'; did you mean 'encrypt'?",
  ],
])("creds %j is misused, and said how", async (words, message) => {
  using desk = new Desk();
  expect(await desk.creds(...words)).toEqual({ code: 2, stdout: Buffer.alloc(0), stderr: `${message}\n` });
  expect(existsSync(desk.keyFile)).toBe(false);
});

test("who has renamed an encrypted file is told under which name it can be had; what is too long is refused", async () => {
  using desk = new Desk();
  const renamed = desk.at("secrets/cache.cred");
  await desk.creds("encrypt", "--name=db", desk.at("secret"), renamed);
  expect(await desk.creds("decrypt", renamed)).toMatchObject({
    code: 1,
    stderr: `supervisor creds: ${renamed}: was encrypted as "db", not as "cache"; --name=db takes it as that\n`,
  });
  expect((await desk.creds("decrypt", "--name=db", renamed)).stdout).toEqual(SECRET);
  desk.write("long", Buffer.alloc(1024 * 1024 + 1));
  expect(await desk.creds("encrypt", desk.at("long"), desk.at("x"))).toMatchObject({ code: 1 });
  expect(existsSync(desk.at("x"))).toBe(false);
});
