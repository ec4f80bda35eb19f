import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, readlinkSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { arch, tmpdir } from "node:os";
import { join } from "node:path";
import type { Status } from "../../supervisor/unit/status.ts";
import { runToEnd } from "../control/fixtures/runtime.ts";
import { more, startLoad } from "../support/load.ts";
import { type Root, type RuntimeName, withRoot } from "../support/root.ts";
import { apiUnit, program, shellUnit } from "../support/unit-text.ts";
import { BUILT_AT, buildOf, sumsFault } from "./fixtures/build.ts";

const LIMIT_MS = 120_000;
const project = join(import.meta.dirname, "../..");
const out = mkdtempSync(join(tmpdir(), "build-"));
/** What Deno needs for one comes from the network: it is tried where $BUILD_DENO asks for it. */
const runtimes: readonly RuntimeName[] = process.env.BUILD_DENO === undefined ? ["bun"] : ["bun", "deno"];
const builtFor = (runtime: RuntimeName) => join(out, `supervisor-${runtime}-linux-${arch()}`);

beforeAll(() => buildOf(["--out", out, ...runtimes.map((runtime) => `${runtime}-linux-${arch()}`)]), LIMIT_MS);
afterAll(() => rmSync(out, { recursive: true }));

/** Runs the executable with nothing but what every machine has; what is in Deno's cannot run a script, so that one is in PATH. */
async function alone(root: Root, ...args: readonly string[]) {
  const { SUPERVISOR_TEST_ID, SUPERVISOR_RUNTIME: runtime } = root.environment;
  const PATH = runtime === "bun" ? "/bin" : `${join(project, "node_modules/.bin")}:/bin`;
  const env = { PATH, SUPERVISOR_TEST_ID, NO_COLOR: "1" };
  return runToEnd([join(root.path, "supervisor"), ...args], { cwd: root.path, env });
}

/** Puts the executable into a root as a link to one version of it. */
function install(root: Root, runtime: RuntimeName, version: string): void {
  copyFileSync(builtFor(runtime), join(root.path, version));
  symlinkSync(version, join(root.path, "next"));
  renameSync(join(root.path, "next"), join(root.path, "supervisor"));
}

async function statusOf(root: Root): Promise<Status> {
  return JSON.parse((await alone(root, "status", "--json")).stdout) as Status;
}

describe.each(runtimes)("on %s", (runtime) => {
  const sums = (): void => {
    expect(sumsFault(out)).toBeNull();
    expect([...readFileSync(builtFor(runtime)).subarray(0, 4)]).toEqual([0x7f, 0x45, 0x4c, 0x46]);
  };
  test("an executable is told by its sum", sums, LIMIT_MS);

  test("an executable tells its version, commit and time of build", async () => {
    const { stdout } = await runToEnd([builtFor(runtime), "version", "--json"]);
    const { commit, built_at, form } = JSON.parse(stdout);
    const { stdout: head, status } = spawnSync("git", ["rev-parse", "HEAD"], { cwd: project, encoding: "utf8" });
    const built = { commit: status === 0 ? head.trim() : null, built_at: BUILT_AT, form: "executable" };
    expect({ commit, built_at, form }).toEqual(built);
  }, 20_000);

  test(
    "the executable alone, in an empty directory, checks, starts, hands over, replaces itself and stops",
    async () => {
      const units = {
        "lines.toml": shellUnit("echo begun; exec sleep 1000000"),
        "api.toml": apiUnit(runtime, { service: { script: '"api.js"', runtime: '"auto"' } }),
      };
      const bundled = await runToEnd([process.execPath, "build", "--target=node", program("api.ts")]);
      // What lies in the directory is the services' business.
      const files = { "api.js": bundled.stdout, ".env": "NO_COLOR=\nSUPERVISOR_STATE=elsewhere\n" };
      await withRoot({ runtime, units, files }, async (root) => {
        install(root, runtime, "one");
        expect(await alone(root, "check")).toEqual({ code: 0, stdout: "2 units, no fault\n", stderr: "" });
        const started = await alone(root, "start", "-d");
        expect(started).toEqual({ code: 0, stdout: "start api: done\nstart lines: done\n", stderr: "" });
        const before = await statusOf(root);
        const [listener] = before.units[0]?.listeners ?? [];
        const load = await startLoad({ address: listener?.address ?? "", keepAlive: 4, oneShot: 4 }, root.environment);
        await more(load);
        expect(await alone(root, "reload", "api")).toEqual({ code: 0, stdout: "reload api: done\n", stderr: "" });
        await more(load);

        install(root, runtime, "two");
        const { pid } = before.supervisor;
        const replaced = await alone(root, "daemon-reexec");
        expect(replaced.stdout).toEndWith(`, pid ${pid}\n`);
        expect(replaced).toMatchObject({ code: 0, stderr: "" });
        expect(readlinkSync(`/proc/${pid}/exe`)).toBe(join(root.path, "two"));
        await more(load);
        const { failed, samples } = await load.stop();
        expect([failed, samples]).toEqual([0, []]);
        expect((await statusOf(root)).units.map(({ generation }) => generation)).toEqual([2, 1]);
        expect((await alone(root, "doctor")).stdout).toMatch(new RegExp(`^OK {3}runtimes .*${runtime} \\d`, "m"));
        expect((await alone(root, "stop")).code).toBe(0);
      });
    },
    LIMIT_MS,
  );
});
