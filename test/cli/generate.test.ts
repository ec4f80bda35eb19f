import { afterAll, beforeAll, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const project = join(import.meta.dir, "../..");
const script = join(import.meta.dir, "../generate/fixtures/run-generate.ts");
const deno = join(project, "node_modules/.bin/deno");
const denoFlags = ["run", "--allow-all", "--quiet", "--no-lock", "--node-modules-dir=manual", "--cached-only"];
const runtimes = [
  { runtime: "bun", command: [process.execPath, script] },
  { runtime: "deno", command: [deno, ...denoFlags, script] },
] as const;

const analyze = spawnSync("systemd-analyze", ["--version"]).status === 0;
if (!analyze) console.warn("systemd-analyze is not on this machine: its opinion of the files is not asked");

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "supervisor-generate-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A root with the given unit files. */
function makeRoot(units: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(folder, "root-"));
  mkdirSync(join(root, "units"));
  for (const [name, text] of Object.entries(units)) writeFileSync(join(root, "units", name), text);
  return root;
}

function generate(root: string, flags: Readonly<Record<string, string | true>>, kind = "systemd", index: 0 | 1 = 0) {
  const [program, ...args] = runtimes[index].command;
  const options = { cwd: project, encoding: "utf8", timeout: 60_000 } as const;
  const { status, stdout, stderr } = spawnSync(program, [...args, root, JSON.stringify(flags), kind], options);
  return { status, stdout, stderr };
}

for (const [index, { runtime }] of runtimes.entries()) {
  test.skipIf(!analyze)(
    `systemd accepts the files of this project's own units, written on ${runtime}`,
    () => {
      const out = join(folder, runtime);
      const flags = { "per-unit": true, verify: true, out } as const;
      const { status, stderr } = generate(project, flags, "systemd", index === 0 ? 0 : 1);
      expect(stderr).not.toContain("systemd-analyze");
      expect(status).toBe(0);
      const written = readdirSync(out);
      for (const name of readdirSync(join(project, "units")))
        expect(written).toContain(name.replace(".toml", ".service"));
      expect(readFileSync(join(out, "supervisor.service"), "utf8")).toContain(`--root ${project}`);
    },
    70_000,
  );
}

test.skipIf(!analyze)("what systemd does not accept is printed, and the exit code is 1", () => {
  const root = makeRoot({ "x.toml": '[service]\ntype = "simple"\nexec_start = ["/nowhere/program"]\n' });
  const { status, stderr } = generate(root, { "per-unit": true, verify: true });
  expect(stderr).toContain("/nowhere/program");
  expect(status).toBe(1);
});

test.skipIf(!analyze)("what systemd says of a line names the file as it was written, not where it was verified", () => {
  const unit = `[service]\ntype = "simple"\nexec_start = ["/bin/true"]\nenvironment_file = ["${"x".repeat(300)}"]\n`;
  const { status, stderr } = generate(makeRoot({ "x.toml": unit }), { "per-unit": true, verify: true });
  expect(stderr).toMatch(/^x\.service:\d+: EnvironmentFile=/m);
  expect(status).toBe(1);
});

test("without --out every file is printed below its name, and nothing is written", () => {
  const root = makeRoot({ "x.toml": '[service]\ntype = "simple"\nexec_start = ["/bin/true"]\n' });
  const { status, stdout, stderr } = generate(root, { user: "daemon" });
  expect(stdout).toStartWith("# ==== supervisor.service\n");
  expect(stdout).toContain("\nUser=daemon\n");
  expect(stdout).not.toContain("x.service");
  expect(stderr).toBe("");
  expect(status).toBe(0);
  expect(readdirSync(root)).toEqual(["units"]);
});

test("what could not be carried over is said on stderr", () => {
  const root = makeRoot({ "x.toml": '[service]\ntype = "simple"\nexec_start = ["/bin/true"]\n' });
  expect(generate(root, { "per-unit": true }).stderr).toContain("x: service.inherit_environment: ");
});

test("faulty unit files are listed and exit with 6", () => {
  const root = makeRoot({ "x.toml": '[service]\nexec_strat = ["/bin/true"]\n' });
  const { status, stdout, stderr } = generate(root, {});
  expect(stderr).toContain("units/x.toml:2:");
  expect(stdout).toBe("");
  expect(status).toBe(6);
});

test("a root without units says where it looked", () => {
  const { status, stderr } = generate(join(folder, "nowhere"), {});
  expect(stderr).toContain(join(folder, "nowhere", "units"));
  expect(status).toBe(6);
});

test("kinds and versions that are not known are a matter of usage", () => {
  expect(generate(folder, {}, "kubernetes")).toEqual({
    status: 2,
    stdout: "",
    stderr: "generate kubernetes: not supported yet\n",
  });
  expect(generate(folder, {}, "sysv").status).toBe(2);
  expect(generate(folder, { systemd: "new" }).stderr).toBe("--systemd: must be a version such as 252, got 'new'\n");
});
