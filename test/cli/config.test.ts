import { describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fail, ok } from "../../supervisor/unit/fault.ts";
import { makeVerdict } from "../control/fixtures/fake-desk.ts";
import { runtimeNames } from "../control/fixtures/runtime.ts";
import { withServedRoot } from "./fixtures/served-root.ts";

const unit = '[service]\nscript = "a.ts"\n';
const nothing = { action: "nothing", keys: [], reason: null } as const;

describe.each(runtimeNames)("on %s", (runtime) => {
  test(
    "config diff prints the plan, config reload what became of it",
    () =>
      withServedRoot({ "api.toml": unit }, async ({ desk, cli }) => {
        const units = [{ unit: "api", action: "live", keys: ["unit.description"], reason: null }] as const;
        desk.planned = ok({ units, config: nothing });
        expect(await cli(runtime, "config", "diff")).toEqual({
          code: 0,
          stdout: "api  live  unit.description\n",
          stderr: "",
        });
        expect(JSON.parse((await cli(runtime, "config", "diff", "--json")).stdout)).toEqual({ units, config: nothing });
        desk.verdicts = [makeVerdict("api", "kept-old", "config reload api: the old generation stays", ["boom"])];
        expect(await cli(runtime, "config", "reload")).toEqual({
          code: 8,
          stdout: "",
          stderr: "config reload api: the old generation stays\n    boom\n",
        });
        expect(desk.orders).toEqual([{ tag: "reconfigure" }]);
      }),
    20_000,
  );
});

test(
  "a reload that changes no unit says so, and so does daemon-reload",
  () =>
    withServedRoot({ "api.toml": unit }, async ({ desk, cli }) => {
      expect((await cli("bun", "config", "reload")).stdout).toBe("no unit has changed\n");
      expect(await cli("bun", "daemon-reload", "-q")).toEqual({ code: 0, stdout: "", stderr: "" });
      expect((await cli("bun", "config", "diff")).stdout).toBe("nothing has changed\n");
      expect(await cli("bun", "config", "reload", "--no-block")).toEqual({ code: 0, stdout: "", stderr: "" });
      expect(desk.orders).toHaveLength(3);
    }),
  20_000,
);

test(
  "every fault is a line, and the exit code is that of invalid files",
  () =>
    withServedRoot({ "api.toml": unit }, async ({ desk, cli }) => {
      const at = { file: "units/api.toml", line: 3, key: "service.nice" };
      const faults = [1, 2].map(
        (line) => ({ code: "unit-invalid", message: "no", retry: "never", at: { ...at, line } }) as const,
      );
      desk.planned = fail(faults[0] as (typeof faults)[0], ...faults.slice(1));
      expect(await cli("bun", "config", "diff")).toEqual({
        code: 6,
        stdout: "",
        stderr:
          "supervisor config: units/api.toml:1: service.nice: no\nsupervisor config: units/api.toml:2: service.nice: no\n",
      });
    }),
  20_000,
);

test(
  "config show prints what the running supervisor has, and without one what it would have",
  () =>
    withServedRoot({ "api.toml": unit }, async ({ desk, cli, path, stopServing }) => {
      desk.set = [{ key: "queue.url", value: "redis://a:secret@b", origin: "$QUEUE_URL", secret: false, live: false }];
      expect((await cli("bun", "config", "show")).stdout).toBe('[queue]\nurl = "redis://a:…@b"  # $QUEUE_URL\n');
      await stopServing();
      mkdirSync(join(path, "config"));
      writeFileSync(join(path, "config/local.toml"), "[supervisor]\nauto_reload = true\n");
      expect((await cli("bun", "config", "show")).stdout).toMatch(/auto_reload = true +# config\/local\.toml:2\n/);
      expect(await cli("bun", "config", "diff")).toMatchObject({ code: 7, stdout: "" });
      writeFileSync(join(path, "config/local.toml"), "[supervisor]\nauto_relod = true\n");
      for (const line of [["config", "show"], ["check"]]) {
        const { code, stderr } = await cli("bun", ...line);
        expect({ line, code, stderr }).toEqual({
          line,
          code: 6,
          stderr: "config/local.toml:2: supervisor.auto_relod: is not known\n",
        });
      }
    }),
  30_000,
);

test(
  "what config cannot do is usage, with the nearest word",
  () =>
    withServedRoot({ "api.toml": unit }, async ({ cli }) => {
      expect(await cli("bun", "config", "diffs")).toEqual({
        code: 2,
        stdout: "",
        stderr: "supervisor config: must be show, diff or reload, got 'diffs'; did you mean 'diff'?\n",
      });
    }),
  20_000,
);

test(
  "check finds two units on one port, and an empty root",
  () =>
    withServedRoot({}, async ({ cli, path }) => {
      expect(await cli("bun", "check")).toMatchObject({
        code: 6,
        stderr: `${path}/units: there is no unit file here\n`,
      });
      for (const name of ["a", "b"]) {
        writeFileSync(join(path, `units/${name}.toml`), `${unit}[socket.http]\nlisten_stream = "127.0.0.1:80"\n`);
      }
      const { code, stderr } = await cli("bun", "check");
      expect({ code, stderr }).toEqual({
        code: 6,
        stderr: "units/b.toml:4: socket.http.listen_stream: 127.0.0.1:80 is listened on by a already (listener http)\n",
      });
    }),
  20_000,
);
