import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

setDefaultTimeout(60_000);

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

function generate(
  root: string,
  flags: Readonly<Record<string, string | true>>,
  kind = "systemd",
  index: 0 | 1 = 0,
  env: Readonly<Record<string, string>> = {},
) {
  const [program, ...args] = runtimes[index].command;
  const options = { cwd: project, encoding: "utf8", timeout: 60_000, env: { ...process.env, ...env } } as const;
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

for (const [index, { runtime }] of runtimes.entries()) {
  test(`files for every kind of container are written on ${runtime}, and tell where they lie`, () => {
    const root = makeRoot({ "x.toml": '[service]\nscript = "x.ts"\n[socket.http]\nlisten_stream = 8080\n' });
    mkdirSync(join(root, "config"));
    writeFileSync(join(root, "config/default.toml"), '[queue]\nurl = "redis://redis:6379"\n');
    writeFileSync(join(root, "package.json"), '{ "version": "3.2.1" }');
    const out = join(root, "deploy");
    for (const kind of ["kubernetes", "docker", "compose"]) {
      const { status, stdout } = generate(root, { out, registry: "ghcr.io/acme" }, kind, index === 0 ? 0 : 1);
      expect(status).toBe(0);
      for (const path of stdout.trim().split("\n")) expect(path).toStartWith(`${out}/`);
    }
    expect(readFileSync(join(out, "base/x.yaml"), "utf8")).toContain('image: "ghcr.io/acme/x:3.2.1"');
    expect(readFileSync(join(out, "base/config/default.toml"), "utf8")).toContain("redis://");
    const compose = readFileSync(join(out, "compose.yaml"), "utf8");
    expect(compose).toContain(`context: ".."\n      dockerfile: deploy/x.${runtime}.Dockerfile\n`);
    expect(readFileSync(join(out, "x.deno.Dockerfile"), "utf8")).toContain("\nARG VERSION=3.2.1\n");
  }, 70_000);
}

test("a config that cannot be read is told by file and line, and exits with 6", () => {
  const root = makeRoot({ "x.toml": '[service]\nscript = "x.ts"\n' });
  mkdirSync(join(root, "config"));
  writeFileSync(join(root, "config/default.toml"), "[queue]\nurk = 1\n");
  const { status, stdout, stderr } = generate(root, {}, "kubernetes");
  expect({ status, stdout }).toEqual({ status: 6, stdout: "" });
  expect(stderr).toContain("config/default.toml:2:");
});

test("what has nothing to look at the files says so, and is not taken for their being right", () => {
  const root = makeRoot({ "x.toml": '[service]\nscript = "x.ts"\n' });
  for (const kind of ["kubernetes", "docker", "compose"]) {
    const { status, stderr } = generate(root, { verify: true }, kind, 0, { PATH: join(folder, "nowhere") });
    expect(status).toBe(1);
    expect(stderr).toMatch(new RegExp(`^generate ${kind}: not verified: (kubectl|docker) cannot be run`, "m"));
  }
});

test.each([
  [{ "per-unit": true }, "docker", "generate docker: --per-unit has no meaning here\n"],
  [{ namespace: "shop" }, "compose", "generate compose: --namespace has no meaning here\n"],
  [{ namespace: "Shop" }, "kubernetes", "--namespace: must be of a-z, 0-9 and \"-\", got 'Shop'\n"],
  [{ burstable: "x,y" }, "kubernetes", "--burstable: there is no unit 'y'\n"],
  [{ runtime: "node" }, "docker", "--runtime: must be bun or deno, got 'node'\n"],
  [{ tag: "a b" }, "docker", "--tag: must be the tag of an image such as 1.4.0, got 'a b'\n"],
  [{ registry: "A/" }, "docker", "--registry: must be such as ghcr.io/acme, got 'A/'\n"],
] as const)("%j is refused for %s", (flags, kind, stderr) => {
  const root = makeRoot({ "x.toml": '[service]\nscript = "x.ts"\n' });
  expect(generate(root, flags, kind)).toEqual({ status: 2, stdout: "", stderr });
});

test("kinds and versions that are not known are a matter of usage", () => {
  const stderr = "generate: systemd, kubernetes, docker, compose are known, got 'sysv'\n";
  expect(generate(folder, {}, "sysv")).toEqual({ status: 2, stdout: "", stderr });
  expect(generate(folder, { systemd: "new" }).stderr).toBe("--systemd: must be a version such as 252, got 'new'\n");
});
