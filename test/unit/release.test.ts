import { expect, test } from "bun:test";
import { changedKeys } from "../../supervisor/unit/changed.ts";
import { ofRelease, RELEASE_NAME, rootOf, runsFromRoot } from "../../supervisor/unit/release.ts";
import type { Service } from "../../supervisor/unit/unit.ts";
import { makeUnit } from "../support/units.ts";

const program = (...argv: readonly [string, ...string[]]) => ({ exec: { tag: "program", argv } }) as const;
const apart = { ...program("redis-server"), workingDirectory: "%t" } as const;

test.each<[string, Partial<Service>, boolean]>([
  ["a script", { workingDirectory: "/" }, true],
  [
    "a script of the machine, elsewhere",
    { exec: { tag: "script", script: "/opt/x.ts", args: [], runtime: "bun" }, workingDirectory: "/" },
    false,
  ],
  ["the directory that it has unless told", program("gunicorn", "app:app"), true],
  ["a folder below the root", { ...apart, workingDirectory: "web" }, true],
  ["the state directory", apart, false],
  ["a folder below the state directory", { ...apart, workingDirectory: "%t/redis" }, false],
  ["one that only begins like it", { ...apart, workingDirectory: "%tmp" }, true],
  ["an argument below the root", { ...apart, ...program("redis-server", "%r/redis.conf") }, true],
  ["an argument below the release", { ...apart, ...program("redis-server", "%R/redis.conf") }, true],
  ["a percent sign and an r", { ...apart, ...program("echo", "100%%r") }, false],
  ["a variable", { ...apart, environment: { CONFIG: "%r/x" } }, true],
  ["a file of variables", { ...apart, environmentFiles: [{ path: ".env", optional: true }] }, true],
  ["a command before it", { ...apart, execStartPre: [["%r/migrate"]] }, true],
  ["a credential", { ...apart, loadCredential: { key: "keys/db" } }, false],
])("whether it runs from the root: %s", (_, service, expected) => {
  expect(runsFromRoot(makeUnit("a", { service }))).toBe(expected);
});

test("a probe that is a command below the root counts, and a socket does not", () => {
  const ask = { tag: "exec", argv: ["%r/check"] } as const;
  const probe = { ask, initialDelayMs: 0, periodMs: 1, timeoutMs: 1, failureThreshold: 1, successThreshold: 1 };
  expect(runsFromRoot(makeUnit("a", { service: apart, probes: { liveness: probe } }))).toBe(true);
});

test("what runs from another release has changed, and what runs from none has not", () => {
  const units = [makeUnit("api"), makeUnit("redis", { service: apart })];
  const [before, after] = [ofRelease(units, "v1"), ofRelease(units, "v2")];
  expect(before.map(({ release }) => release)).toEqual(["v1", null]);
  expect(before.map((unit, at) => changedKeys(unit, after[at] ?? unit))).toEqual([
    [{ key: "release", reach: "process" }],
    [],
  ]);
  expect(ofRelease(units, null)).toBe(units);
});

test("%r is the tree of the release, or the root", () => {
  const place = { root: "/srv/app", stateDir: "/var/lib/app" };
  expect([rootOf(null, place), rootOf("v1", place)]).toEqual(["/srv/app", "/var/lib/app/releases/v1/tree"]);
});

test.each([
  ["v1", true],
  ["20261122-013005-1a2b3c4", true],
  ["1.2.3_x", true],
  ["", false],
  [".new-1", false],
  ["-x", false],
  ["a/b", false],
  ["..", false],
  ["a".repeat(65), false],
])("%s names a release: %p", (name, expected) => {
  expect(RELEASE_NAME.test(name)).toBe(expected);
});
