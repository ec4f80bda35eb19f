import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { type Installed, installPlan, uninstallPlan } from "../../supervisor/cli/service/plan.ts";
import { runToEnd } from "../control/fixtures/runtime.ts";
import { startDaemon } from "../support/daemon.ts";
import { alike } from "../support/matrix.ts";
import { type Root, withRoot } from "../support/root.ts";

const analyze = spawnSync("systemd-analyze", ["--version"]).status === 0;
if (!analyze) console.warn("systemd-analyze is not on this machine: its opinion of the files is not asked");

const bin = join(import.meta.dirname, "../../supervisor/bin.sh");
const units = {
  "web.toml": '[service]\nexec_start = ["/bin/sleep", "1000"]\n\n[socket.http]\nlisten_stream = "127.0.0.1:8088"\n',
};

/** A machine of its own: a home, and a systemctl that writes down how it was called and answers as it is told. */
function machine(root: Root, { isBooted = true, hasSystemctl = true } = {}) {
  const at = (name: string) => join(root.path, name);
  mkdirSync(at("path"));
  root.write("active", "inactive\n");
  const lines = [
    "#!/bin/sh",
    `echo "$*" >> '${at("calls")}'`,
    `case "$*" in *is-active*) cat '${at("active")}' ;; *is-enabled*) echo enabled ;; esac`,
    `case "$*" in *"$(cat '${at("failing")}' 2>/dev/null || echo nothing)"*) echo 'Access denied' >&2; exit 1 ;; esac`,
  ];
  if (hasSystemctl) root.write("path/systemctl", `${lines.join("\n")}\n`);
  if (hasSystemctl) chmodSync(at("path/systemctl"), 0o755);
  // The launcher needs it, and nothing else of the machine's.
  if (!hasSystemctl) symlinkSync("/usr/bin/readlink", at("path/readlink"));
  if (isBooted) mkdirSync(at("run/systemd"), { recursive: true });
  const env = {
    ...root.environment,
    PATH: hasSystemctl ? `${at("path")}:${process.env.PATH}` : at("path"),
    XDG_CONFIG_HOME: at("home"),
    XDG_RUNTIME_DIR: at("run"),
  };
  const folder = at("home/systemd/user");
  return {
    folder,
    files: () => (existsSync(folder) ? readdirSync(folder).sort() : []),
    calls: () => (existsSync(at("calls")) ? root.read("calls").trim().split("\n") : []),
    supervisor: (...args: readonly string[]) =>
      runToEnd(["/bin/sh", bin, "--root", root.path, ...args], { cwd: root.path, env }),
  };
}

describe.each(alike)("on $daemon", ({ daemon: runtime }) => {
  test("install writes the files, enables and starts; again it changes nothing; uninstall takes it all away", async () => {
    await withRoot({ runtime, units }, async (root) => {
      const { folder, files, calls, supervisor } = machine(root);
      const installed = await supervisor("service", "install", "--user");
      expect(installed).toEqual({
        code: 0,
        stdout: [
          `write ${folder}/supervisor-web-http.socket`,
          `write ${folder}/supervisor.service`,
          "systemctl --user daemon-reload",
          "systemctl --user enable --now supervisor.service\n",
        ].join("\n"),
        stderr: "service install: it starts when you log in; loginctl enable-linger: with the machine\n",
      });
      expect(calls()).toEqual([
        "--user is-active supervisor.service",
        "--user daemon-reload",
        "--user enable --now supervisor.service",
      ]);
      const text = readFileSync(join(folder, "supervisor.service"), "utf8");
      expect(text).toContain(`--root ${root.path} --state ${root.stateDir} start`);
      expect(text).toContain("\nWantedBy=default.target\n");
      expect(text).not.toContain("network.target");

      root.write("active", "active\n");
      const again = await supervisor("service", "install", "--user");
      expect(again.stdout).toBe("systemctl --user daemon-reload\nsystemctl --user enable --now supervisor.service\n");
      expect(again.stderr).toContain("systemctl --user restart supervisor.service takes what is new\n");
      expect(await supervisor("service", "status", "--user")).toEqual({
        code: 0,
        stdout: `${folder}/supervisor.service: enabled, active\n`,
        stderr: "",
      });

      expect((await supervisor("service", "uninstall", "--user", "-q")).stdout).toBe("");
      expect(calls().slice(-2)).toEqual([
        "--user disable --now supervisor.service supervisor-web-http.socket",
        "--user daemon-reload",
      ]);
      expect(files()).toEqual([]);
    });
  }, 60_000);
});

test.skipIf(!analyze)(
  "systemd accepts what is installed for a user",
  async () => {
    await withRoot({ runtime: "bun", units }, async (root) => {
      const { folder, files, supervisor } = machine(root);
      expect((await supervisor("service", "install", "--user")).code).toBe(0);
      const paths = files().map((name) => join(folder, name));
      const { stdout, stderr, status } = spawnSync("systemd-analyze", ["--user", "verify", "--man=no", ...paths], {
        encoding: "utf8",
        timeout: 60_000,
        env: { ...process.env, XDG_RUNTIME_DIR: join(root.path, "run") },
      });
      expect({ said: `${stdout}${stderr}`, status }).toEqual({ said: "", status: 0 });
    });
  },
  70_000,
);

test("one that is confined stays so in the next installation, and is up to date, until it is uninstalled", async () => {
  await withRoot({ runtime: "bun", units }, async (root) => {
    const { folder, supervisor } = machine(root);
    const isConfined = () =>
      readFileSync(join(folder, "supervisor.service"), "utf8").includes("\nNoNewPrivileges=yes\n");
    await supervisor("service", "install", "--user");
    expect(isConfined()).toBe(false);
    await supervisor("service", "install", "--user", "--sandbox");
    expect(isConfined()).toBe(true);
    await supervisor("service", "install", "--user");
    expect(isConfined()).toBe(true);
    expect((await supervisor("service", "status", "--user")).stderr).toBe("");
    await supervisor("service", "uninstall", "--user");
    await supervisor("service", "install", "--user");
    expect(isConfined()).toBe(false);
  });
}, 30_000);

test("status is 3 when it is not active, 4 when it is not installed, and tells when the units have changed", async () => {
  await withRoot({ runtime: "bun", units }, async (root) => {
    const { supervisor } = machine(root);
    expect(await supervisor("service", "status", "--user")).toMatchObject({
      code: 4,
      stderr: "service status: it is not installed\n",
    });
    await supervisor("service", "install", "--user");
    root.write(
      "units/more.toml",
      '[service]\nexec_start = ["/bin/true"]\n\n[socket.x]\nlisten_stream = "127.0.0.1:8089"\n',
    );
    const { code, stdout, stderr } = await supervisor("service", "status", "--user", "--json");
    expect({ code, told: JSON.parse(stdout) }).toMatchObject({
      code: 3,
      told: { up_to_date: false, active: "inactive" },
    });
    expect(stderr).toContain("the units have changed since");
  });
}, 30_000);

test("a dry run says every step and every line, and does nothing, also where there is no systemd", async () => {
  await withRoot({ runtime: "bun", units }, async (root) => {
    const { files, calls, supervisor } = machine(root, { isBooted: false });
    const { code, stdout } = await supervisor("service", "install", "--dry-run");
    expect(code).toBe(0);
    expect(stdout).toContain("write /etc/systemd/system/supervisor.service\n    # The supervisor itself.");
    expect(stdout).toEndWith("systemctl daemon-reload\nsystemctl enable --now supervisor.service\n");
    expect({ files: files(), calls: calls() }).toEqual({ files: [], calls: [] });
  });
}, 30_000);

test.each([
  [
    "a user's systemd does not run",
    { isBooted: false },
    /no systemd of this user runs \(there is no .*\/run\/systemd\)\n$/,
  ],
  [
    "there is no systemctl",
    { hasSystemctl: false },
    /there is no systemctl on this machine: systemd is what it installs into\n$/,
  ],
])(
  "where %s it refuses and touches nothing",
  async (_, how, why) => {
    await withRoot({ runtime: "bun", units }, async (root) => {
      const { files, supervisor } = machine(root, how);
      const { code, stdout, stderr } = await supervisor("service", "install", "--user");
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toMatch(why);
      expect(files()).toEqual([]);
    });
  },
  30_000,
);

test("a step that fails is told with what systemctl said, and nothing follows it", async () => {
  await withRoot({ runtime: "bun", units }, async (root) => {
    const { calls, supervisor } = machine(root);
    root.write("failing", "daemon-reload");
    const { code, stderr } = await supervisor("service", "install", "--user");
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "service install: systemctl --user daemon-reload: exit code 1: Access denied\n",
    });
    expect(calls().at(-1)).toBe("--user daemon-reload");
  });
}, 30_000);

test("while a supervisor runs there that systemd did not start, nothing is installed", async () => {
  await withRoot(
    { runtime: "bun", units: { "web.toml": '[service]\nexec_start = ["/bin/sleep", "1000"]\n' } },
    async (root) => {
      const { files, supervisor } = machine(root);
      const daemon = startDaemon(root);
      await daemon.settled();
      const { code, stderr } = await supervisor("service", "install", "--user");
      expect({ code, files: files() }).toEqual({ code: 1, files: [] });
      expect(stderr).toBe(
        `service install: a supervisor runs here already (pid ${daemon.pid}); first: supervisor stop\n`,
      );
      expect(await daemon.stop()).toEqual({ code: 0, signal: null });
    },
  );
}, 30_000);

const service = (root: string) =>
  `# The supervisor itself. Written by \`supervisor generate systemd\`.\n[Unit]\nDescription=supervisor of ${root}\n`;
const socket = "[Socket]\nService=supervisor.service\n[Install]\n";
const target = { folder: "/etc/systemd/system", isUser: false };
const there = (files: Record<string, string>): Installed => new Map(Object.entries(files));

test("the socket of a listener that is gone is taken away, anybody else's stays", () => {
  const installed = there({
    "supervisor.service": service("/a"),
    "supervisor-old-http.socket": socket,
    "supervisor-other.socket": "[Socket]\nService=other.service\n",
  });
  const plan = installPlan(there({ "supervisor.service": service("/a") }), installed, target);
  expect(plan).toMatchObject({
    steps: [
      { argv: ["systemctl", "disable", "--now", "supervisor-old-http.socket"] },
      { tag: "remove", path: "/etc/systemd/system/supervisor-old-http.socket" },
      { argv: ["systemctl", "daemon-reload"] },
      { argv: ["systemctl", "enable", "--now", "supervisor.service"] },
    ],
  });
});

test.each([
  ["another root's", service("/b"), /^it is installed for \/b/],
  ["somebody else's", "[Unit]\nDescription=Supervisor process control\n", /is not the supervisor's$/],
])("a service that is %s is neither written over nor taken away", (_, text, why) => {
  const installed = there({ "supervisor.service": text });
  const install = installPlan(there({ "supervisor.service": service("/a") }), installed, target);
  const uninstall = uninstallPlan("/a", installed, target);
  for (const plan of [install, uninstall]) {
    expect(plan.tag === "refused" ? plan.message : "").toMatch(why);
  }
});
