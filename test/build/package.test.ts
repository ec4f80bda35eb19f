import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { runToEnd } from "../control/fixtures/runtime.ts";
import { eventually } from "../support/eventually.ts";
import { type Root, type RuntimeName, withRoot } from "../support/root.ts";
import { BUILT_AT, buildOf, sumsFault } from "./fixtures/build.ts";

const LIMIT_MS = 120_000;
const BUDGET_BYTES = 5 * 1024 * 1024;
const project = join(import.meta.dirname, "../..");
const out = mkdtempSync(join(tmpdir(), "build-"));
const home = join(out, "project");
const installed = join(home, "node_modules/supervisor");

beforeAll(async () => {
  buildOf(["--out", out, "npm"]);
  const [tarball = ""] = readdirSync(out).filter((name) => name.endsWith(".tgz"));
  mkdirSync(home);
  writeFileSync(join(home, "package.json"), '{ "type": "module", "private": true }\n');
  const flags = ["--offline", "--no-audit", "--no-fund", "--cache", join(out, "cache")];
  const ended = await runToEnd(["npm", "install", ...flags, join(out, tarball)], { cwd: home });
  if (ended.code !== 0) throw new Error(ended.stderr);
}, LIMIT_MS);
afterAll(() => rmSync(out, { recursive: true }));

test("the package is told by its sum, brings all that it needs, and is small", () => {
  expect(sumsFault(out)).toBeNull();
  expect(readdirSync(join(home, "node_modules")).sort()).toEqual([".bin", ".package-lock.json", "supervisor"]);
  const files = readdirSync(installed, { recursive: true, encoding: "utf8" }).map((name) => join(installed, name));
  const sizeBytes = files.reduce((sum, path) => sum + statSync(path).size, 0);
  expect(sizeBytes).toBeLessThan(BUDGET_BYTES);
});

test("the package holds the program, the kit, and nothing that is for those who work on it", () => {
  const entries = ["CHANGELOG.md", "LICENSE", "README.md", "chunks", "completion", "config", "man", "package.json"];
  expect(readdirSync(installed).sort()).toEqual([...entries, "services", "supervisor", "types", "units"].sort());
  const { bin, exports, man } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
  const named: readonly string[] = [...Object.values(bin), ...Object.values(exports["./kit"]), ...man] as string[];
  expect(named.length).toBeGreaterThanOrEqual(5);
  for (const path of named)
    expect({ path, isFile: statSync(join(installed, path)).isFile() }).toEqual({ path, isFile: true });
});

const SERVICE = `import { processLife, serve } from "supervisor/kit";

const app = { fetch: () => new Response("hello\\n") };
await serve(app, { listener: "http" });
processLife().ready();
`;
const HELLO = `[service]
type = "notify"
script = "hello.ts"

[socket.http]
listen_stream = "127.0.0.1:0"
`;

test("the kit's types are found by the compiler", () => {
  writeFileSync(join(home, "hello.ts"), SERVICE);
  const settings = { extends: join(project, "tsconfig.json"), compilerOptions: { types: [] }, include: ["*.ts"] };
  writeFileSync(join(home, "tsconfig.json"), JSON.stringify(settings));
  const argv = ["-p", home, "--traceResolution"];
  const { stdout, status } = spawnSync(join(project, "node_modules/.bin/tsc"), argv, { encoding: "utf8" });
  expect(status === 0 ? "" : stdout).toBe("");
  expect(stdout).toMatch(/'supervisor\/kit' was successfully resolved to '.*types\/kit\.d\.ts'/);
}, 60_000);

/** Runs the command as npm has installed it. */
const supervisor = (root: Root, ...args: readonly string[]) =>
  runToEnd([join(root.path, "node_modules/.bin/supervisor"), ...args], {
    cwd: root.path,
    env: { ...root.environment, PATH: `${join(project, "node_modules/.bin")}${delimiter}/bin` },
  });

async function addressOf(root: Root, unit: string): Promise<string> {
  const { units } = JSON.parse((await supervisor(root, "status", unit, "--json")).stdout);
  return `http://${units[0].listeners[0].address}`;
}

describe.each(["bun", "deno"] satisfies RuntimeName[])("on %s", (runtime) => {
  test(
    "the quick start goes as the manual says, with nothing but the package",
    async () => {
      const unit = (name: string) => readFileSync(join(installed, "units", name), "utf8").replace(":8080", ":0");
      const units = { "api.toml": unit("api.toml"), "worker.toml": unit("worker.toml"), "hello.toml": HELLO };
      const files = { "hello.ts": SERVICE, "package.json": '{ "type": "module" }' };
      await withRoot({ runtime, units, files }, async (root) => {
        cpSync(join(home, "node_modules"), join(root.path, "node_modules"), {
          recursive: true,
          verbatimSymlinks: true,
        });
        expect(await supervisor(root, "check")).toMatchObject({ code: 0, stdout: "3 units, no fault\n" });
        expect(await supervisor(root, "start", "-d")).toMatchObject({ code: 0, stderr: "" });
        const task = { type: "report.aggregate", payload: { rows: [{ k: "a", v: 1 }], group_by: "k", sum: "v" } };
        const api = await addressOf(root, "api");
        const headers = { "content-type": "application/json" };
        const taken = await fetch(`${api}/tasks`, { method: "POST", body: JSON.stringify(task), headers });
        const { status_url } = (await taken.json()) as { status_url: string };
        const done = async () => {
          const told = (await (await fetch(new URL(status_url, api))).json()) as { state: string; result: unknown };
          return told.state === "done" && told;
        };
        expect((await eventually(done, 10_000, "the worker has done it")).result).toEqual({
          groups: { a: 1 },
          rows: 1,
        });
        const info = (await (await fetch(new URL("/info", api))).json()) as { built_at: string };
        expect(info.built_at).toBe(BUILT_AT);
        expect(await (await fetch(await addressOf(root, "hello"))).text()).toBe("hello\n");
        const reloaded = await supervisor(root, "reload");
        expect(reloaded.stdout.trim().split("\n").sort()).toEqual(
          ["api", "hello", "worker"].map((name) => `reload ${name}: done`),
        );
        expect((await supervisor(root, "daemon-reexec")).stdout).toStartWith(`supervisor: now 0.1.0 on ${runtime}`);
        expect((await supervisor(root, "stop")).code).toBe(0);
        const { form, built_at } = JSON.parse((await supervisor(root, "version", "--json")).stdout);
        expect({ form, built_at }).toEqual({ form: "package", built_at: BUILT_AT });
      });
    },
    LIMIT_MS,
  );
});
