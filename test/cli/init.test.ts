import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { unitTemplate } from "../../supervisor/cli/init/unit.ts";
import { faultLine } from "../../supervisor/unit/fault.ts";
import { parseUnit } from "../../supervisor/unit/parse.ts";
import { startDaemon } from "../support/daemon.ts";
import { alike } from "../support/matrix.ts";
import { withRoot } from "../support/root.ts";

const project = join(import.meta.dirname, "../..");

describe.each(alike)("on $daemon", ({ daemon: runtime }) => {
  test("a new project is right, starts at once, serves, and is handed over", async () => {
    await withRoot({ runtime, units: {} }, async (root) => {
      const made = await root.cli("init");
      expect(made.code).toBe(0);
      const names = ["units/web.toml", "main.ts", "config/default.toml", "package.json", ".gitignore"];
      expect(made.stdout).toBe(names.map((name) => `${join(root.path, name)}\n`).join(""));
      expect(await root.cli("check")).toMatchObject({ code: 0, stdout: "1 unit, no fault\n" });
      root.write("units/web.toml", root.read("units/web.toml").replace(":8080", ":0"));
      const daemon = startDaemon(root);
      await daemon.settled();
      const hello = async () => {
        const [listener] = (await daemon.unit("web")).listeners;
        const answer = await fetch(`http://${listener?.address}/`, {
          signal: AbortSignal.timeout(5_000),
          keepalive: false,
        });
        return answer.text();
      };
      const before = await hello();
      expect(before).toMatch(/^hello from process \d+\n$/);
      expect(await daemon.cli("reload")).toMatchObject({ code: 0, stdout: "reload web: done\n" });
      expect(await hello()).not.toBe(before);
      expect(await daemon.stop()).toEqual({ code: 0, signal: null });
    });
  }, 60_000);
});

test("the service of a new project is one that the compiler accepts", async () => {
  await withRoot({ runtime: "bun", units: {} }, async (root) => {
    expect((await root.cli("init", "-q")).stdout).toBe("");
    const settings = { extends: join(project, "tsconfig.json"), include: ["main.ts"] };
    root.write("tsconfig.json", JSON.stringify(settings));
    symlinkSync(join(project, "node_modules/@types"), join(root.path, "node_modules/@types"));
    const tsc = join(project, "node_modules/.bin/tsc");
    const { stdout, status } = spawnSync(tsc, ["-p", root.path], { encoding: "utf8", timeout: 60_000 });
    expect({ stdout, status }).toEqual({ stdout: "", status: 0 });
  });
}, 70_000);

test("nothing is overwritten: one file that is there, and none is written; a package.json stays as it is", async () => {
  await withRoot({ runtime: "bun", units: {} }, async (root) => {
    root.write("app/package.json", '{ "name": "mine" }');
    root.write("app/main.ts", "mine");
    const refused = await root.cli("init", join(root.path, "app"));
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toContain(`init: ${join(root.path, "app/main.ts")} is there already; nothing was written\n`);
    expect(readdirSync(join(root.path, "app")).sort()).toEqual(["main.ts", "package.json"]);
    root.write("bare/package.json", '{ "name": "mine" }');
    expect((await root.cli("init", join(root.path, "bare"))).code).toBe(0);
    expect(root.read("bare/package.json")).toBe('{ "name": "mine" }');
    expect(existsSync(join(root.path, "bare/units/web.toml"))).toBe(true);
  });
}, 30_000);

test("init --unit writes a unit that check accepts, once", async () => {
  await withRoot({ runtime: "bun", units: {} }, async (root) => {
    const path = join(root.path, "units/mail.toml");
    expect(await root.cli("init", "--unit", "mail")).toEqual({ code: 0, stdout: `${path}\n`, stderr: "" });
    expect((await root.cli("check")).code).toBe(0);
    writeFileSync(path, "mine");
    expect((await root.cli("init", "--unit", "mail")).code).toBe(1);
    expect(readFileSync(path, "utf8")).toBe("mine");
    const bad = await root.cli("init", "--unit", "all");
    expect(bad).toMatchObject({ code: 2, stdout: "" });
    expect(bad.stderr).toStartWith('init: a unit cannot be named "all"');
    expect((await root.cli("init", "--unit", "a", "dir")).code).toBe(2);
  });
}, 30_000);

test("what stands in a new unit's comments is right, too", () => {
  const whole = unitTemplate("mail").replace(/^# (?=\[|[a-z_]+ = )/gm, "");
  expect(whole).toContain("\n[probe.readiness]\n");
  const read = parseUnit("mail", "mail.toml", whole);
  expect(read.ok ? [] : read.faults.map(faultLine)).toEqual([]);
});
