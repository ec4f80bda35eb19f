import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { plainShim, type Restraint, restrainedShim } from "../../supervisor/host/shim.ts";
import { makeUnit } from "../support/units.ts";

const { service: privileges } = makeUnit("api");
const identity = { uid: 33, gid: 34, groups: [34, 35] };
const order = { program: "/usr/bin/env", args: ["-0"], env: {}, ownPid: [], door: null };
const restraint = (change: Partial<Restraint> = {}): Restraint => ({
  privileges,
  identity,
  setpriv: "/bin/setpriv",
  ...change,
});

test("nothing that a unit sets reaches a program that still runs as root", () => {
  const env = {
    LD_PRELOAD: "/x.so",
    GCONV_PATH: "/x",
    PS4: "$(x)",
    SHELLOPTS: "xtrace",
    BASH_ENV: "/x",
    PATH: "/x",
    "a.b": "1",
  };
  const shim = restrainedShim({ ...order, env }, restraint());
  expect(Object.entries(shim.env).filter(([name]) => !/^SUPERVISOR_VARIABLE_\d+$/.test(name))).toEqual([]);
  expect(Object.values(shim.env)).toEqual(["LD_PRELOAD=/x.so", "GCONV_PATH=/x", "PS4=$(x)", "BASH_ENV=/x", "PATH=/x"]);
});

test("user, group and groups are changed together, the inherited groups are left, and the flag for new privileges is set", () => {
  const become = (change: Partial<Restraint>) => restrainedShim(order, restraint(change)).argv[2];
  expect(become({})).toContain(`exec /bin/setpriv --reuid 33 --regid 34 --groups 34,35 /bin/sh -c "$0" "$@"`);
  expect(become({ identity: { ...identity, groups: [] } })).toContain(" --reuid 33 --regid 34 --clear-groups /bin/sh ");
  const restrained = { ...privileges, noNewPrivileges: true };
  expect(become({ identity: null, privileges: restrained })).toContain("exec /bin/setpriv --no-new-privs /bin/sh -c");
});

test("the stack's limit is set in the shell once more, in KiB, before anybody else is there", () => {
  const script = (stack: number) =>
    restrainedShim(order, restraint({ privileges: { ...privileges, limits: { stack } } })).argv[2];
  expect(script(8 * 2 ** 20)).toMatch(/; ulimit -s 8192; .*exec \/bin\/setpriv /);
  expect(script(4097)).toContain("; ulimit -s 4; ");
  expect(script(Number.POSITIVE_INFINITY)).toContain("; ulimit -s unlimited; ");
});

test("the group is joined before anything else, whatever its folder is called", () => {
  const { argv } = plainShim({ ...order, door: "/x/it's/cgroup.procs", ownPid: ["LISTEN_PID", "WATCHDOG_PID"] });
  expect(argv[2]).toMatch(/^\{ echo 0 >'\/x\/it'\\''s\/cgroup.procs'; \} 2>\/dev\/null; /);
  expect(argv[2]).toMatch(/; export LISTEN_PID=\$\$; export WATCHDOG_PID=\$\$; .*; exec "\$0" "\$@"$/);
  expect(restrainedShim({ ...order, door: "/x" }, restraint()).argv[2]).toMatch(
    /^\{ echo 0 >'\/x'; \} 2>\/dev\/null; read /,
  );
});

// bash is /bin/sh on some systems. It does not let some variables be set, and counts SHLVL whatever one says.
const shells = ["dash", "bash", "sh"].filter((shell) => existsSync(`/bin/${shell}`));
test.each(shells)("the wrapped environment arrives whole through %s, after the word to go on", (shell) => {
  const env = {
    PATH: "/usr/bin:/bin",
    A: 'it\'s "$x" `y`\n',
    UID: "7",
    EUID: "8",
    PPID: "9",
    IFS: "a",
    PWD: "/x",
    EMPTY: "",
  };
  const { argv, env: wrapped } = restrainedShim({ ...order, env }, restraint({ setpriv: "/usr/bin/env" }));
  const script = argv[2]?.replace(/ --reuid .*? \/bin\/sh/, ` ${shell}`) ?? "";
  const run = (input: string) =>
    spawnSync(shell, ["-c", script, ...argv.slice(3)], { argv0: "sh", input, env: wrapped, encoding: "utf8" });
  expect(run("")).toMatchObject({ status: 125, stdout: "" });
  const { stdout, stderr } = run("\n");
  expect(stderr).toBe("");
  const found = stdout.split("\0").filter((pair) => pair !== "" && !/^(?:UID|EUID|PPID|SHLVL|_)=/.test(pair));
  const wanted = Object.entries(env).filter(([name]) => !["UID", "EUID", "PPID"].includes(name));
  expect(found.sort()).toEqual(wanted.map((pair) => pair.join("=")).sort());
});
