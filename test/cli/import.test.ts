import { describe, expect, test } from "bun:test";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runProgram } from "../../supervisor/cli/import/run-program.ts";
import { type RuntimeName, runToEnd, runtimeNames } from "../control/fixtures/runtime.ts";
import { eventually } from "../support/eventually.ts";

const bin = join(import.meta.dirname, "../../supervisor/bin.sh");
const fixtures = join(import.meta.dirname, "../import/fixtures");

/** Lends a root that holds the files of one kind of fixture, and `supervisor` in it. */
async function inRoot(
  kind: string,
  use: (
    root: string,
    supervisor: (line: string, runtime?: RuntimeName) => ReturnType<typeof runToEnd>,
  ) => Promise<void>,
): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), "import-"));
  try {
    if (kind !== "") cpSync(join(fixtures, kind), root, { recursive: true });
    await use(root, (line, runtime = "bun") =>
      runToEnd(["sh", bin, "--root", root, ...line.split(" ")], {
        cwd: root,
        env: { ...process.env, SUPERVISOR_RUNTIME: runtime, NO_COLOR: "1" },
      }),
    );
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

describe.each(runtimeNames)("on %s", (runtime) => {
  test("a pm2 file that is a program is run, said so, and becomes units that check accepts", async () => {
    await inRoot("pm2", async (root, supervisor) => {
      const { code, stdout, stderr } = await supervisor("import ecosystem.config.cjs --env production", runtime);
      expect(stderr).toStartWith("import: runs ecosystem.config.cjs to read it, for 10 s at most\n");
      expect(stderr).toContain("ecosystem.config.cjs:44: cron_restart: not carried over: ");
      expect(stderr).toContain("ecosystem.config.cjs:13: instances: changed: ");
      expect(code).toBe(0);
      const names = ["front", "nightly", "queue-worker", "shop-api"].map((name) => `${name}.toml`);
      expect(stdout.trim().split("\n").sort()).toEqual(names.map((name) => join(root, "units", name)));
      expect(readFileSync(join(root, "units/shop-api.toml"), "utf8")).toContain('NODE_ENV = "production"');
      expect(await supervisor("check", runtime)).toMatchObject({ code: 0, stdout: "4 units, no fault\n" });
    });
  }, 30_000);

  test("an ES module is run as one", async () => {
    await inRoot("", async (root, supervisor) => {
      writeFileSync(join(root, "package.json"), '{ "type": "module" }');
      const app = '{ name: "a", script: await Promise.resolve("a.js") }';
      writeFileSync(join(root, "ecosystem.config.js"), `import "node:fs";\nexport default { apps: [${app}] };\n`);
      expect(await supervisor("import ecosystem.config.js -q", runtime)).toMatchObject({ code: 0, stdout: "" });
      expect(readdirSync(join(root, "units"))).toEqual(["a.toml"]);
    });
  }, 30_000);
});

test("nothing is overwritten without --force, and then nothing is written at all", async () => {
  await inRoot("pup", async (root, supervisor) => {
    mkdirSync(join(root, "units"));
    writeFileSync(join(root, "units/server.toml"), "mine");
    const refused = await supervisor("import pup.jsonc");
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toContain(
      `import: ${join(root, "units/server.toml")} is there already; --force writes over it\n`,
    );
    expect(readdirSync(join(root, "units"))).toEqual(["server.toml"]);
    expect((await supervisor("import pup.jsonc --force")).code).toBe(0);
    expect(readdirSync(join(root, "units")).sort()).toEqual(["cluster.toml", "server.toml", "task.toml"]);
    expect(readFileSync(join(root, "units/server.toml"), "utf8")).not.toBe("mine");
  });
}, 30_000);

test("--dry-run prints, --out writes elsewhere, --json tells all in one", async () => {
  await inRoot("compose", async (root, supervisor) => {
    const dry = await supervisor("import compose.yaml --dry-run");
    expect(dry.stdout).toStartWith("# ==== web.toml\n[unit]\n");
    expect(existsSync(join(root, "units"))).toBe(false);
    const { code, stdout } = await supervisor(`import compose.yaml --json --out ${join(root, "made")}`);
    const told = JSON.parse(stdout);
    expect(code).toBe(0);
    expect(Object.keys(told.files).sort()).toEqual(readdirSync(join(root, "made")).sort());
    expect(told.not_carried_over[0]).toEqual({
      unit: "web",
      at: { file: "compose.yaml", key: "ports", line: 15 },
      why: "9000:80: it listens on its own port; nothing leads another one to it",
    });
    expect(told.changed).toHaveLength(4);
  });
}, 30_000);

test("services of systemd are read with what lies beside them, and may need each other", async () => {
  await inRoot("systemd", async (root, supervisor) => {
    expect((await supervisor("import web.socket db.service migrate@.service")).code).toBe(0);
    expect(readFileSync(join(root, "units/web.toml"), "utf8")).toContain('memory_max = "1G"');
    expect(readFileSync(join(root, "units/web.toml"), "utf8")).toContain("[socket.web-2]");
    expect((await supervisor("import web.service db.service --out more")).code).toBe(0);
    expect(readFileSync(join(root, "more/web.toml"), "utf8")).toContain('requires = ["db"]');
  });
}, 30_000);

test("what supervisord includes is read, too", async () => {
  await inRoot("supervisord", async (root, supervisor) => {
    expect((await supervisor("import supervisord.conf -q")).code).toBe(0);
    expect(readdirSync(join(root, "units"))).toContain("cron.toml");
  });
}, 30_000);

test.each([
  ["import nowhere.service", 6, "import: nowhere.service: is not there\n"],
  [
    "import package.json",
    6,
    "import: package.json: what it is cannot be told; say --from pm2|procfile|supervisord|systemd|compose|pup\n",
  ],
  [
    "import package.json --from pm",
    2,
    "import: --from: must be one of pm2, procfile, supervisord, systemd, compose, pup, got 'pm'\n",
  ],
  ["import broken.yml", 6, "import: broken.yml:3: "],
  ["import empty.yml --from pm2", 1, "import: no unit came of it\n"],
  ["import throws.cjs", 6, "import: throws.cjs: it could not be run: Error: no\n"],
])(
  "%s: %d",
  async (line, code, stderr) => {
    await inRoot("", async (root, supervisor) => {
      writeFileSync(join(root, "package.json"), '{ "name": "x" }');
      writeFileSync(join(root, "broken.yml"), "apps:\n  - [\n");
      writeFileSync(join(root, "empty.yml"), "apps: []\n");
      writeFileSync(join(root, "throws.cjs"), 'throw new Error("no");\n');
      const ran = await supervisor(line);
      expect({ code: ran.code, stderr: ran.stderr.replace(/^import: runs .*\n/, "") }).toEqual({
        code,
        stderr: expect.stringContaining(stderr),
      });
    });
  },
  30_000,
);

test("a configuration file that does not end is ended, with whom it has started", async () => {
  await inRoot("", async (root) => {
    const pidFile = join(root, "pid");
    const lines = [
      'const { spawn } = require("node:child_process");',
      'const child = spawn("sleep", ["600"], { stdio: "inherit" });',
      `require("node:fs").writeFileSync(${JSON.stringify(pidFile)}, String(child.pid));`,
      "for (;;);",
    ];
    writeFileSync(join(root, "endless.cjs"), lines.join("\n"));
    const ran = await runProgram(join(root, "endless.cjs"), "endless.cjs", 2_000);
    expect(ran).toMatchObject({ ok: false, faults: [{ message: "it ran for longer than 2 s" }] });
    const pid = readFileSync(pidFile, "utf8");
    await eventually(() => stateOf(pid) === "gone", 5_000, "whom it has started is gone");
  });
}, 20_000);

/** A process that nobody has reaped yet has ended, too. */
function stateOf(pid: string): string {
  if (!existsSync(`/proc/${pid}/stat`)) return "gone";
  const [, state = ""] = /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
  return state === "Z" || state === "X" ? "gone" : state;
}

test("a configuration file that does not stop talking is ended", async () => {
  await inRoot("", async (root) => {
    const lines = [
      'const more = () => process.stdout.write("x".repeat(65536), more);',
      "more();",
      "module.exports = new Promise(() => {});",
    ];
    writeFileSync(join(root, "loud.cjs"), lines.join("\n"));
    const ran = await runProgram(join(root, "loud.cjs"), "loud.cjs");
    expect(ran).toMatchObject({ ok: false, faults: [{ message: "it said more than 4 MiB" }] });
  });
}, 20_000);
