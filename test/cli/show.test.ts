import { describe, expect, test } from "bun:test";
import { runtimeNames } from "../control/fixtures/runtime.ts";
import { withServedRoot } from "./fixtures/served-root.ts";

describe.each(runtimeNames)("on %s", (runtime) => {
  test(
    "show prints what is and what the file says, a line each",
    () =>
      withServedRoot({}, async ({ cli }) => {
        const { code, stdout, stderr } = await cli(runtime, "show", "api");
        expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
        expect(stdout).toMatch(/^ActiveState=active$/m);
        expect(stdout).toMatch(/^RestartSec=100ms$/m);
        expect(
          stdout
            .trimEnd()
            .split("\n")
            .every((line) => /^[A-Za-z][\w.]*=/.test(line)),
        ).toBe(true);
      }),
    20_000,
  );
});

test("-p chooses, in the order asked, for each unit; --value leaves out the names", () =>
  withServedRoot({}, async ({ cli }) => {
    const { stdout } = await cli("bun", "show", "api", "work*", "-p", "main_pid,Id");
    expect(stdout).toBe("MainPID=42\nId=api\n\nMainPID=42\nId=worker\n");
    expect((await cli("bun", "show", "api", "-p", "MainPID", "--value")).stdout).toBe("42\n");
  }));

test("--json is one object a line, with numbers as numbers", () =>
  withServedRoot({}, async ({ cli }) => {
    const { stdout } = await cli("bun", "show", "api", "worker", "-p", "MainPID,Id,After", "--json");
    expect(
      stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { MainPID: 42, Id: "api", After: [] },
      { MainPID: 42, Id: "worker", After: [] },
    ]);
  }));
