import { describe, expect, test } from "bun:test";
import type { WhyEntry } from "../../supervisor/unit/why.ts";
import { runtimeNames } from "../control/fixtures/runtime.ts";
import { withServedRoot } from "./fixtures/served-root.ts";

const LIMIT_MS = 20_000;
const entry = (instance: number, text: string): WhyEntry => ({
  ...{ life: "2026-01-06T10:00:00.000Z", at: "2026-01-06T10:00:01.000Z", event: "service.ready", instance },
  ...{ invocation: null, generation: 3, pid: 7, from: null, to: null, why: null, text, duration_ms: null },
  ...{ cause: null, output: [] },
});

describe.each(runtimeNames)("on %s", (runtime) => {
  test(
    "why tells what happened to each unit that is named, or to an instance",
    () =>
      withServedRoot({}, async ({ cli, histories }) => {
        histories.set("api", [entry(1, "ready after 2 ms"), entry(2, "ready after 1 ms")]);
        const both = await cli(runtime, "why", "api", "redis");
        expect(both).toMatchObject({ code: 0, stderr: "" });
        const [head, first, , gap, other, nothing] = both.stdout.split("\n");
        expect(head).toMatch(/^api {2}active since .* ago\), generation 3$/);
        expect(first).toMatch(/ @1 {2}ready after 2 ms$/);
        expect([gap, other?.slice(0, 13), nothing]).toEqual(["", "redis  active", "  nothing has happened to it yet"]);
        const one = await cli(runtime, "why", "api@2", "--json", "-n", "5");
        expect(one.code).toBe(0);
        const { name, entries } = JSON.parse(one.stdout);
        expect([name, entries.length, entries[0].text]).toEqual(["api@2", 1, "ready after 1 ms"]);
      }),
    LIMIT_MS,
  );
});

test(
  "who is not known, what is no number and who does not answer are told",
  () =>
    withServedRoot({}, async ({ cli, stopServing }) => {
      expect(await cli("bun", "why", "nothing")).toMatchObject({
        code: 4,
        stderr: "supervisor why: no unit 'nothing'\n",
      });
      expect(await cli("bun", "why", "api", "-n", "x")).toMatchObject({ code: 2, stdout: "" });
      expect(await cli("bun", "why")).toMatchObject({ code: 2 });
      await stopServing();
      expect(await cli("bun", "why", "api")).toMatchObject({ code: 7 });
    }),
  LIMIT_MS,
);
