// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these placeholders are the unit file's own.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statfsSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { createKeys } from "../../../supervisor/host/credential/keys.ts";
import { createCredentials, type HostCredentials } from "../../../supervisor/host/credentials.ts";
import type { Outcome } from "../../../supervisor/unit/fault.ts";
import type { Unit } from "../../../supervisor/unit/unit.ts";
import type { Case } from "../../support/case.ts";
import { unit } from "../../unit/sample.ts";

const TMPFS = 0x0102_1994;

/** A state directory, sources below a root, and the credentials on both. */
type Desk = Readonly<{
  dir: string;
  stateDir: string;
  make(): HostCredentials;
  credentials: HostCredentials;
  /** With the keys of the state directory. */
  open(unit: Unit, instance: number, invocation: string): Outcome<string | null>;
}>;

export const credentialCases: readonly Case[] = [
  at("a unit without credentials gets no directory, and none is made", ({ open, stateDir }) => {
    assert.equal(opened(open(unit("api", '[service]\nscript = "a.ts"\n'), 1, "i1")), null);
    assert.deepEqual(readdirSync(stateDir), []);
  }),
  at("a credential is a copy that only its user can read, in a directory that only its user can enter", (desk) => {
    writeFileSync(join(desk.dir, "key"), "secret\0\xff", { mode: 0o600 });
    const path = directoryOf(desk.open(holding('db = "key"'), 1, "i1"));
    assert.deepEqual(readdirSync(path), ["db"]);
    assert.deepEqual(readFileSync(join(path, "db")), readFileSync(join(desk.dir, "key")));
    assert.deepEqual(modesOf(path), ["500", "400"]);
    assert.equal(lstatSync(join(desk.stateDir, "credentials")).isSymbolicLink(), true);
    if (existsSync("/dev/shm") && statfsSync("/dev/shm").type === TMPFS) assert.equal(statfsSync(path).type, TMPFS);
  }),
  at("each invocation has its own, with its instance's and its environment's in the path", (desk) => {
    for (const number of [1, 2]) writeFileSync(join(desk.dir, `key${number}`), `secret ${number}`);
    const own = holding('db = "${KEYS}/key%i"', 'environment = { KEYS = "%r" }');
    const [one, two] = [1, 2].map((number) => directoryOf(desk.open(own, number, `i${number}`)));
    assert.deepEqual(
      [one, two].map((path) => readFileSync(join(path ?? "", "db"), "utf8")),
      ["secret 1", "secret 2"],
    );
    desk.credentials.close("i1");
    desk.credentials.close("i1");
    assert.deepEqual([existsSync(one ?? ""), existsSync(two ?? "")], [false, true]);
  }),
  at("a directory gives a credential for each file in it, and what the unit names itself wins", (desk) => {
    mkdirSync(join(desk.dir, "keys/sub"), { recursive: true });
    for (const name of ["a", "b", ".hidden", "sub/c"]) writeFileSync(join(desk.dir, "keys", name), name);
    symlinkSync("/etc/passwd", join(desk.dir, "keys/link"));
    writeFileSync(join(desk.dir, "own"), "own");
    const path = directoryOf(desk.open(holding('k_b = "own"\nk = "keys"\nk_a = "own"'), 1, "i1"));
    const found = readdirSync(path)
      .sort()
      .map((name) => [name, readFileSync(join(path, name), "utf8")]);
    assert.deepEqual(found, [
      ["k_a", "own"],
      ["k_b", "own"],
      ["k_sub_c", "sub/c"],
    ]);
  }),
  at("every credential that cannot be read is told at once, with its key and its path, and nothing is left", (desk) => {
    spawnSync("mkfifo", [join(desk.dir, "pipe")]);
    mkdirSync(join(desk.dir, "odd"));
    writeFileSync(join(desk.dir, "odd/a b"), "");
    const refused = desk.open(
      holding('gone = "gone"\npipe = "pipe"\nodd = "odd"\nzero = "/dev/zero"\nme = "/proc/self/nothing"'),
      1,
      "i1",
    );
    assert.ok(!refused.ok);
    const told = refused.faults.map(({ code, message, at }) => `${code} ${at?.key} ${message}`);
    assert.deepEqual(told, [
      `credential-failed service.load_credential.gone credential gone: ${desk.dir}/gone: No such file or directory (ENOENT)`,
      `credential-failed service.load_credential.pipe credential pipe: ${desk.dir}/pipe: is neither a file nor a directory`,
      `credential-failed service.load_credential.odd credential odd: ${desk.dir}/odd/a b: is no credential's name: letters, digits and any of _.-`,
      "credential-failed service.load_credential.zero credential zero: /dev/zero: is neither a file nor a directory",
      "credential-failed service.load_credential.me credential me: /proc/self/nothing: No such file or directory (ENOENT)",
    ]);
    assert.deepEqual(openBelow(desk.dir), []);
    assert.deepEqual(readdirSync(desk.stateDir), []);
  }),
  at("1 MiB of credentials is taken and one byte more is refused, also where the size is not told", (desk) => {
    writeFileSync(join(desk.dir, "half"), Buffer.alloc(512 * 1024, 1));
    writeFileSync(join(desk.dir, "byte"), "x");
    const both = 'a = "half"\nb = "half"';
    const path = directoryOf(desk.open(holding(both), 1, "i1"));
    assert.equal(statSync(join(path, "b")).size, 512 * 1024);
    const more = desk.open(holding(`${both}\nc = "byte"`), 1, "i2");
    assert.match(messageOf(more), /^credential c: .*\/byte: the credentials of a unit may have 1 MiB together$/);
    assert.match(
      readFileSync(join(directoryOf(desk.open(holding('v = "/proc/version"'), 1, "i3")), "v"), "utf8"),
      /Linux/,
    );
  }),
  at("what a killed supervisor left is swept away, and a sweep leaves nothing behind", (desk) => {
    writeFileSync(join(desk.dir, "key"), "secret");
    const path = directoryOf(desk.open(holding('db = "key"'), 1, "i1"));
    const next = desk.make();
    next.sweep();
    assert.deepEqual([existsSync(dirname(path)), existsSync(join(desk.stateDir, "credentials"))], [false, false]);
    assert.equal(existsSync(directoryOf(next.open(holding('db = "key"'), 1, "i2", null))), true);
    next.sweep();
    assert.deepEqual(readdirSync(desk.stateDir), []);
  }),
  at("a sweep follows no link to what is not ours to remove", (desk) => {
    const precious = join(desk.dir, "precious");
    mkdirSync(precious);
    symlinkSync(precious, join(desk.stateDir, "credentials"));
    desk.credentials.sweep();
    assert.equal(existsSync(precious), true);
    assert.deepEqual(readdirSync(desk.stateDir), []);
  }),
  asRoot("another user reads its own credentials by name and by list, and nobody else's", (desk) => {
    writeFileSync(join(desk.dir, "key"), "secret", { mode: 0o600 });
    const [mine, other] = ["4711", "4712"].map((user) =>
      directoryOf(desk.open(holding('db = "key"', `user = "${user}"\ngroup = "4711"`), 1, `i${user}`)),
    );
    assert.equal(asUser(4711, `cat ${mine}/db; ls ${mine}`), "secretdb\n");
    assert.equal(asUser(4711, `cat ${other}/db ${other}/../i4712/db; ls ${other} ${dirname(mine ?? "")}`), "");
    assert.equal(asUser(4711, `rm -rf ${mine}; ls ${mine}`), "db\n");
    desk.credentials.close("i4711");
    assert.deepEqual(readdirSync(dirname(mine ?? "")), [basename(other ?? "")]);
  }),
  asRoot("what its user puts into the directory goes with it, and a link there leads no removal astray", (desk) => {
    writeFileSync(join(desk.dir, "key"), "secret");
    const path = directoryOf(desk.open(holding('db = "key"', 'user = "4711"\ngroup = "4711"'), 1, "i1"));
    const precious = join(desk.dir, "precious");
    mkdirSync(precious);
    writeFileSync(join(precious, "file"), "");
    asUser(4711, `chmod 700 ${path}; mkdir ${path}/sub; touch ${path}/sub/x; ln -s ${precious} ${path}/link`);
    assert.equal(existsSync(join(path, "sub/x")), true);
    desk.credentials.close("i1");
    assert.deepEqual([existsSync(path), existsSync(join(precious, "file"))], [false, true]);
  }),
  asRoot("an unknown user is a fault that names it", (desk) => {
    writeFileSync(join(desk.dir, "key"), "secret");
    const refused = desk.open(holding('db = "key"', 'user = "no-such-user"'), 1, "i1");
    assert.equal(messageOf(refused), 'no user "no-such-user"');
  }),
];

function at(promise: string, use: (desk: Desk) => void): Case {
  return {
    promise,
    run: async () => {
      const dir = mkdtempSync(join(tmpdir(), "credentials-"));
      chmodSync(dir, 0o755);
      const stateDir = join(dir, "state");
      mkdirSync(stateDir, { mode: 0o700 });
      const options = { root: dir, stateDir, environ: process.env };
      const make = () => createCredentials({ ...options, keys: createKeys({ ...options, showErrors: false }) });
      const credentials = make();
      const open: Desk["open"] = (own, instance, invocation) => {
        const keys = credentials.keys(own);
        assert.ok(!(keys instanceof Promise));
        return credentials.open(own, instance, invocation, keys);
      };
      try {
        use({ dir, stateDir, make, credentials, open });
        credentials.sweep();
        assert.deepEqual(readdirSync(stateDir), []);
      } finally {
        credentials.sweep();
        rmSync(dir, { recursive: true });
      }
    },
  };
}

/** Only root may become somebody else. */
function asRoot(promise: string, use: (desk: Desk) => void): Case {
  return at(promise, (desk) => {
    if (process.geteuid?.() === 0) use(desk);
  });
}

function holding(credentials: string, more = ""): Unit {
  return unit("api", `[service]\nscript = "a.ts"\n${more}\n[service.load_credential]\n${credentials}\n`);
}

function asUser(uid: number, script: string): string {
  const become = ["--reuid", String(uid), "--regid", "4711", "--clear-groups"];
  return spawnSync("setpriv", [...become, "/bin/sh", "-c", script], { encoding: "utf8", timeout: 10_000 }).stdout;
}

function modesOf(path: string): readonly string[] {
  return [path, join(path, "db")].map((each) => (statSync(each).mode & 0o777).toString(8));
}

function opened<T>(outcome: Outcome<T>): T {
  assert.ok(outcome.ok, outcome.ok ? "" : messageOf(outcome));
  return outcome.value;
}

function directoryOf(outcome: Outcome<string | null>): string {
  const path = opened(outcome);
  assert.ok(path !== null, "there is no directory");
  return path;
}

function messageOf(outcome: Outcome<unknown>): string {
  return outcome.ok ? "" : outcome.faults.map(({ message }) => message).join("; ");
}

/** What this process has open of a folder. */
function openBelow(folder: string): readonly string[] {
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      return target.startsWith(`${folder}/`) ? [target] : [];
    } catch {
      return []; // Closed since it was listed.
    }
  });
}
