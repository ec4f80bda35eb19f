import { describe, expect, test } from "bun:test";
import { runtimeNames } from "../control/fixtures/runtime.ts";
import { withServedRoot } from "./fixtures/served-root.ts";

const program = '[service]\nexec_start = ["true"]\n';
const units = { "api.toml": `[unit]\nrequires = ["redis"]\n${program}`, "redis.toml": program };

describe.each(runtimeNames)("on %s", (runtime) => {
  test(
    "graph draws the unit files, without a daemon",
    () =>
      withServedRoot(units, async ({ cli, stopServing }) => {
        await stopServing();
        expect(await cli(runtime, "graph")).toEqual({ code: 0, stdout: "api\n└─ requires redis\n", stderr: "" });
        expect((await cli(runtime, "graph", "red*", "--format=dot")).stdout).toContain('"redis";');
        expect(JSON.parse((await cli(runtime, "graph", "--json")).stdout)).toEqual({
          nodes: ["api", "redis"],
          edges: [{ from: "api", to: "redis", kind: "requires", isKnown: true }],
        });
      }),
    20_000,
  );
});

test("a faulty file is 6, an unknown unit 4, an unknown format 2", () =>
  withServedRoot({ ...units, "bad.toml": `[unit]\nrequires = ["nobody"]\n${program}` }, async ({ cli, path }) => {
    const bad = await cli("bun", "graph");
    expect(bad).toMatchObject({ code: 6, stdout: "" });
    expect(bad.stderr).toContain('units/bad.toml:2: unit.requires: there is no unit "nobody"');
    await Bun.file(`${path}/units/bad.toml`).delete();
    expect(await cli("bun", "graph", "apy")).toMatchObject({ code: 4 });
    expect(await cli("bun", "graph", "--format", "svg")).toMatchObject({ code: 2 });
  }));
