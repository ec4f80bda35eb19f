import { afterAll, beforeAll, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SystemdOptions } from "../../supervisor/generate/systemd/options.ts";
import { isSandboxed } from "../../supervisor/generate/systemd/sandbox.ts";
import { generateSystemd } from "../../supervisor/generate/systemd.ts";
import type { Unit } from "../../supervisor/unit/unit.ts";
import { richUnit, tcpSocket } from "./rich-unit.ts";

const analyze = spawnSync("systemd-analyze", ["--version"]).status === 0;
if (!analyze) console.warn("systemd-analyze is not on this machine: its opinion of the files is not asked");

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "supervisor-sandbox-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const BASE: SystemdOptions = {
  root: "/srv/my app",
  stateDir: "/srv/my app/.supervisor",
  execStart: ["/bin/sh"],
  runtimePaths: { bun: "/usr/bin/bun", deno: null, node: null },
  self: "bun",
  perUnit: false,
  sandbox: true,
};

const text = (units: readonly Unit[], change: Partial<SystemdOptions> = {}): string =>
  generateSystemd(units, { ...BASE, ...change }).files.get("supervisor.service") ?? "";

/** The value of a key; undefined when it is not there. */
const entryOf = (file: string, key: string): string | undefined =>
  file.split("\n").flatMap((line) => (line.startsWith(`${key}=`) ? [line.slice(key.length + 1)] : []))[0];

test.skipIf(!analyze).each([[false], [true]])(
  "systemd-analyze has nothing to say against a sandbox (of a user: %p)",
  (isUser) => {
    const units = [richUnit({}, { workingDirectory: "/data/100% mine" })];
    const at = join(folder, isUser ? "user" : "system");
    mkdirSync(at);
    for (const [name, file] of generateSystemd(units, { ...BASE, isUser }).files) writeFileSync(join(at, name), file);
    const { status, stdout, stderr } = spawnSync(
      "systemd-analyze",
      [isUser ? "--user" : "--system", "verify", "--man=no", join(at, "supervisor.service")],
      { encoding: "utf8", timeout: 30_000, env: { ...process.env, XDG_RUNTIME_DIR: at } },
    );
    expect({ status, said: `${stdout}${stderr}` }).toEqual({ status: 0, said: "" });
  },
  40_000,
);

test("nothing is confined that nobody has asked to confine", () => {
  const file = text([richUnit()], { sandbox: false });
  expect(file).not.toMatch(/^(?:Protect|Private|Restrict|SystemCall|Lock|NoNew|Capab|ReadWrite)/m);
  expect([isSandboxed(file), isSandboxed(text([]))]).toEqual([false, true]);
});

test("the root, the state, temporary files and what the units name can be written, each folder once, and nothing else", () => {
  const unix = (path: string) => tcpSocket({ name: path, address: { tag: "unix", path } });
  const units = [
    richUnit({ sockets: [unix("/run/app/a.sock"), unix("%t/b.sock"), tcpSocket()] }, { workingDirectory: "/data/it" }),
    richUnit({ name: "b", sockets: [] }, { workingDirectory: "/data/it/below" }),
    richUnit({ name: "c", sockets: [] }, { workingDirectory: "%r/inside" }),
    richUnit({ name: "off", enabled: false, sockets: [] }, { workingDirectory: "/never" }),
  ];
  expect(entryOf(text(units, { stateDir: "/var/lib/mine" }), "ReadWritePaths")).toBe(
    '"/srv/my app" /var/lib/mine -/tmp -/var/tmp -/data/it -/run/app',
  );
  expect(entryOf(text(units), "ReadWritePaths")).toBe('"/srv/my app" -/tmp -/var/tmp -/data/it -/run/app');
  expect(entryOf(text(units), "ProtectSystem")).toBe("strict");
});

test("homes are hidden unless something lies there that is needed: the root, a program, a folder or a file of a unit", () => {
  const unit = (service: Partial<Unit["service"]>) => [richUnit({}, service)];
  const home = (units: readonly Unit[], change: Partial<SystemdOptions> = {}) =>
    entryOf(text(units, change), "ProtectHome");
  expect(home(unit({}))).toBe("tmpfs");
  expect(home(unit({}), { root: "/homestead/app" })).toBe("tmpfs");
  for (const change of [
    { root: "/home/me/app" },
    { stateDir: "/root/state" },
    { programs: ["/root/.bun/bin/bun"] },
    { execStart: ["/home/me/bin/supervisor"] as const },
  ]) {
    expect(home(unit({}), change)).toBe("read-only");
  }
  expect(home(unit({ workingDirectory: "/home/me" }))).toBe("read-only");
  expect(home(unit({ exec: { tag: "program", argv: ["-/home/me/run"] } }))).toBe("read-only");
  expect(home(unit({ loadCredential: { db: "/root/key" } }))).toBe("read-only");
});

test("it has what the supervisor needs: just-in-time compilers, its groups, everybody in /proc, other users, limits", () => {
  const file = text([richUnit()]);
  for (const key of ["MemoryDenyWriteExecute", "ProtectControlGroups", "ProtectProc", "PrivateUsers", "PrivateTmp"]) {
    expect(entryOf(file, key)).toBeUndefined();
  }
  const kept = entryOf(file, "CapabilityBoundingSet")?.split(" ") ?? [];
  const needed = "CHOWN KILL SETGID SETUID SYS_NICE SYS_PTRACE SYS_RESOURCE".split(" ").map((name) => `CAP_${name}`);
  expect(kept).toEqual(expect.arrayContaining(needed));
  for (const one of ["CAP_SYS_ADMIN", "CAP_SYS_MODULE", "CAP_NET_ADMIN"]) expect(kept).not.toContain(one);
  expect(entryOf(file, "RestrictRealtime")).toBe("yes");
  expect(entryOf(text([richUnit({}, { limits: { rtprio: 5 } })]), "RestrictRealtime")).toBeUndefined();
});

test("a user's own systemd gets nothing for which it would need a user namespace", () => {
  const file = text([richUnit()], { isUser: true });
  expect(file).not.toMatch(
    /^(?:Protect|Private|ReadWritePaths|ReadOnlyPaths|CapabilityBoundingSet|RestrictFileSystems)/m,
  );
  expect(file).toMatch(/^NoNewPrivileges=yes\nLockPersonality=yes\n/m);
});
