import { describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkCgroup } from "../../supervisor/cli/doctor/cgroup.ts";
import { checkControl } from "../../supervisor/cli/doctor/control.ts";
import { checkKernel, checkLibc } from "../../supervisor/cli/doctor/kernel.ts";
import { checkLimits } from "../../supervisor/cli/doctor/limits.ts";
import { checkPorts } from "../../supervisor/cli/doctor/ports.ts";
import { checkRuntimes } from "../../supervisor/cli/doctor/runtimes.ts";
import { checkStateDirectory } from "../../supervisor/cli/doctor/state-directory.ts";
import { checkClock, checkManager } from "../../supervisor/cli/doctor/surroundings.ts";
import type { Client, Reply } from "../../supervisor/control/client.ts";
import { socketsToBind } from "../../supervisor/unit/listen.ts";
import type { Status } from "../../supervisor/unit/status.ts";
import type { AddressTemplate, Unit } from "../../supervisor/unit/unit.ts";
import { FakeDesk, makeUnit } from "../control/fixtures/fake-desk.ts";
import { runtimeNames } from "../control/fixtures/runtime.ts";
import { socketOf } from "../daemon/socket-of.ts";
import { makeUnit as makeFile } from "../support/units.ts";
import { withServedRoot } from "./fixtures/served-root.ts";

const program = '[service]\nexec_start = ["true"]\n';

type Told = Readonly<{
  checks: readonly Readonly<{ result: string; check: string; detail: string; fix: string | null }>[];
}>;

describe.each(runtimeNames)("on %s", (runtime) => {
  test(
    "doctor looks at everything, with a daemon and without",
    () =>
      withServedRoot({ "api.toml": program }, async ({ cli, path, stopServing }) => {
        for (const detail of ["answered in", "nobody answers"]) {
          const { code, stdout, stderr } = await cli(runtime, "doctor", "--json");
          const { checks } = JSON.parse(stdout) as Told;
          expect({ code, stderr, bad: checks.filter(({ result }) => result === "FAIL") }).toEqual({
            code: 0,
            stderr: "",
            bad: [],
          });
          const served = detail === "answered in" ? ["listeners"] : [];
          expect(new Set(checks.map(({ check }) => check).filter((check) => !served.includes(check)))).toEqual(
            new Set(
              "runtimes|state directory|free space|path length|control socket|units|open files|cgroup v2|kernel|libc|clock|systemd".split(
                "|",
              ),
            ),
          );
          expect(checks.filter(({ result, fix }) => (result === "OK") !== (fix === null))).toEqual([]);
          expect(checks.find(({ check }) => check === "control socket")?.detail).toContain(detail);
          await stopServing();
          // A stale socket, as a killed daemon leaves it.
          writeFileSync(join(path, ".supervisor/control.sock"), "");
        }
      }),
    30_000,
  );
});

test("what is not as it seems is a warning of its unit; who has no listener and no warning is not asked", () =>
  withServedRoot({ "api.toml": program }, async ({ cli, desk }) => {
    const warning = "http 127.0.0.1:8080: no process of api has it open, so that none can accept";
    const idle = makeUnit("idle", { listeners: [] });
    desk.units = [makeUnit("api", { warnings: [warning] }), makeUnit("web"), idle];
    const asked: string[] = [];
    desk.inspect = (name) => {
      asked.push(name);
      return desk.units.find((unit) => unit.name === name) ?? null;
    };
    const { code, stdout } = await cli("bun", "doctor");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^WARN +unit api +http 127\.0\.0\.1:8080: no process of api has it open/m);
    expect(asked).toEqual(["api", "web"]);
  }));

test("one FAIL makes it 1, and -q tells nothing but what is not well", () =>
  withServedRoot({ "api.toml": "[service]\n" }, async ({ cli, path }) => {
    chmodSync(join(path, ".supervisor"), 0o755);
    const { code, stdout } = await cli("bun", "doctor", "-q");
    expect(code).toBe(1);
    expect(stdout).toContain("FAIL units");
    expect(stdout).toContain("supervisor check tells every fault");
    expect(stdout).toContain(`fix: chmod 700 ${join(path, ".supervisor")}\n`);
    expect(stdout).not.toMatch(/^OK/m);
  }));

describe("the control socket", () => {
  const client = (reply: Reply<Status>, socket = "/nowhere"): Client =>
    ({ socket, status: async () => reply }) as never;
  test.each<[string, Reply<Status>, string, RegExp]>([
    ["an answer", { tag: "ok", value: new FakeDesk().status() }, "OK", /pid \d+, answered in \d+ms/],
    ["nobody", { tag: "not-running" }, "OK", /no supervisor runs here/],
    ["no permission", { tag: "denied", message: "no permission" }, "FAIL", /no permission/],
    ["silence", { tag: "timed-out", message: "not within 10s" }, "FAIL", /not within 10s/],
  ])("%s", async (_, reply, result, detail) => {
    const { finding } = await checkControl(client(reply));
    expect(finding).toMatchObject({ result, detail: expect.stringMatching(detail) });
  });
});

describe("the state directory", () => {
  const results = (path: string) => checkStateDirectory(path).map(({ check, result }) => `${result} ${check}`);
  test("that is not there yet, one that is, one that others may read, and one whose sockets would not fit", () => {
    const root = mkdtempSync(join(tmpdir(), "doctor-"));
    const fine = ["OK state directory", "OK free space", "OK path length"];
    try {
      expect(results(join(root, "a/b"))).toEqual(fine);
      mkdirSync(join(root, "a"), { mode: 0o700 });
      expect(results(join(root, "a"))).toEqual(fine);
      chmodSync(join(root, "a"), 0o750);
      expect(results(join(root, "a"))[0]).toBe("WARN state directory");
      writeFileSync(join(root, "file"), "");
      expect(results(join(root, "file"))[0]).toBe("FAIL state directory");
      expect(results(join(root, "x".repeat(100)))[2]).toBe("FAIL path length");
      expect(results("/proc/nothing")[0]).toBe("FAIL state directory");
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});

describe("ports", () => {
  const bind = (unit: Unit) => socketsToBind(unit, { root: "/", stateDir: "/run", environ: { PORT: "0" } });
  const unitAt = (address: ReturnType<typeof socketOf>["address"] | AddressTemplate, changes = {}) =>
    makeFile("api", { sockets: [{ ...socketOf("http"), address }], ...changes });
  const listening = async (at: number | string, use: (port: number) => Promise<void>): Promise<void> => {
    const server: Server = createServer();
    await new Promise<void>((resolve) =>
      typeof at === "number" ? server.listen(at, "127.0.0.1", resolve) : server.listen(at, resolve),
    );
    const address = server.address();
    await use(typeof address === "object" && address !== null ? address.port : 0);
    await new Promise((resolve) => server.close(resolve));
  };

  test("that somebody else has is a FAIL, that the supervisor holds is none, and a disabled unit wants none", () =>
    listening(0, async (port) => {
      const at = { tag: "tcp", host: "127.0.0.1", port } as const;
      expect(await checkPorts([unitAt(at)], null, bind)).toMatchObject([{ result: "FAIL", check: "port api/http" }]);
      const status = { ...new FakeDesk().status(), units: [makeUnit("api")] };
      expect(await checkPorts([unitAt(at)], status, bind)).toMatchObject([{ result: "OK" }]);
      expect(await checkPorts([unitAt(at, { enabled: false })], null, bind)).toEqual([]);
    }));

  test("that is free is left free", async () => {
    let free = 0;
    await listening(0, async (port) => {
      free = port;
    });
    const units = [unitAt({ tag: "tcp", host: "127.0.0.1", port: free })];
    for (let round = 0; round < 2; round++)
      expect(await checkPorts(units, null, bind)).toMatchObject([{ result: "OK" }]);
  });

  test("whose placeholder nobody sets is a FAIL that names it, and one that is set is asked for", async () => {
    const at = (text: string) => checkPorts([unitAt({ tag: "template", text })], null, bind);
    expect(await at(`127.0.0.1:$\{NOBODY}`)).toMatchObject([
      { result: "FAIL", check: "port api", detail: expect.stringContaining("NOBODY") },
    ]);
    expect(await at(`127.0.0.1:$\{PORT}`)).toEqual([]);
  });

  test("on an address of another machine is a FAIL", async () => {
    const units = [unitAt({ tag: "tcp", host: "192.0.2.1", port: 8080 })];
    expect(await checkPorts(units, null, bind)).toMatchObject([
      { result: "FAIL", detail: expect.stringContaining("EADDRNOTAVAIL") },
    ]);
  });

  test("at a path: free, answered by somebody, no socket", async () => {
    const root = mkdtempSync(join(tmpdir(), "doctor-"));
    const path = join(root, "x.sock");
    const check = () => checkPorts([unitAt({ tag: "unix", path })], null, bind);
    try {
      expect(await check()).toMatchObject([{ result: "OK" }]);
      await listening(path, async () => expect(await check()).toMatchObject([{ result: "FAIL" }]) as never);
      writeFileSync(path, "");
      expect(await check()).toMatchObject([{ result: "FAIL", detail: expect.stringContaining("is no socket") }]);
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});

describe("the machine", () => {
  const limits =
    (soft: string, hard = soft) =>
    () =>
      `Limit\nMax open files            ${soft}   ${hard}   files\n`;
  test.each<[string, string]>([
    ["65536", "OK"],
    ["unlimited", "OK"],
    ["1024", "WARN"],
    ["100", "FAIL"],
  ])("with %s open files: %s", (soft, result) => {
    expect(checkLimits([], null, limits(soft)).result).toBe(result as never);
    expect(checkLimits([], null, () => null).result).toBe("WARN");
  });

  test.each<[string, string, string]>([
    ["linux", "6.18.0-generic", "OK"],
    ["linux", "5.4.0", "WARN"],
    ["linux", "4.4.0", "FAIL"],
    ["darwin", "24.0.0", "FAIL"],
  ])("%s %s: %s", (platform, version, result) => {
    expect(checkKernel(platform, version).result).toBe(result as never);
  });

  test("its C library", () => {
    expect(
      [checkLibc(() => "glibc 2.36"), checkLibc(() => "glibc 2.31"), checkLibc(() => null)].map(({ result }) => result),
    ).toEqual(["OK", "FAIL", "FAIL"]);
  });

  test("its cgroups", () => {
    const root = mkdtempSync(join(tmpdir(), "doctor-"));
    const reader = (mount: string, controllers: string) => (path: string) => {
      if (path.endsWith("mountinfo")) return `30 24 0:26 / ${mount} rw,nosuid shared:9 - cgroup2 cgroup2 rw\n`;
      return path.endsWith("controllers") ? controllers : "0::/\n";
    };
    try {
      expect(checkCgroup(reader(root, "cpu memory pids\n"))).toMatchObject({ result: "OK" });
      expect(checkCgroup(reader(root, "cpu pids\n"))).toMatchObject({
        result: "WARN",
        detail: `${root} is writable; cpu_quota, tasks_max hold, memory_max has no effect: it lacks the controllers memory`,
        fix: expect.stringContaining("Delegate=yes"),
      });
      const hybrid = (path: string) =>
        path.endsWith("self/cgroup") ? "4:memory:/x\n2:cpu,cpuacct:/\n0::/\n" : reader(root, "hugetlb pids\n")(path);
      expect(checkCgroup(hybrid)).toMatchObject({
        result: "WARN",
        detail: expect.stringMatching(
          /; tasks_max holds, memory_max, cpu_quota have no effect: .* \(memory, cpu are mounted as v1\)$/,
        ),
        fix: expect.stringContaining("systemd.unified_cgroup_hierarchy=1"),
      });
      expect(checkCgroup(reader(`${root}/none`, "cpu"))).toMatchObject({
        result: "WARN",
        detail: expect.stringContaining("not writable"),
      });
      expect(checkCgroup(() => "")).toMatchObject({ result: "WARN", detail: expect.stringContaining("not mounted") });
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  test("its clock and its manager", () => {
    const status = new FakeDesk().status();
    const started = "2999-01-01T00:00:00.000Z";
    expect(checkClock(new Date(), null).result).toBe("OK");
    expect(checkClock(new Date(0), null).result).toBe("FAIL");
    expect(
      checkClock(new Date(), { ...status, supervisor: { ...status.supervisor, started_at: started } }).result,
    ).toBe("WARN");
    expect(checkManager((path) => path === "/run/systemd/system").result).toBe("OK");
    expect(checkManager((path) => path === "/.dockerenv").result).toBe("OK");
    expect(checkManager(() => false).result).toBe("WARN");
  });

  test("its runtimes: a unit that wants one which is not there is told by name", () => {
    const exec = { tag: "script", script: "a.ts", args: [], runtime: "deno" } as const;
    expect(checkRuntimes([], "/nowhere")).toMatchObject([
      { result: "OK", detail: expect.stringContaining("no deno, no node") },
    ]);
    expect(checkRuntimes([makeFile("web", { service: { exec } })], "/nowhere")).toMatchObject([
      { result: "FAIL", detail: "unit web wants deno, which is not in PATH" },
    ]);
  });
});
