import { describe, expect, test } from "bun:test";
import { type Cause, exitText } from "../../supervisor/core/cause.ts";
import type { Exit } from "../../supervisor/core/facts.ts";
import { isClean, isRestarted } from "../../supervisor/core/restart.ts";
import type { RestartPolicy, Service, SignalName } from "../../supervisor/unit/unit.ts";
import { makeUnit } from "../support/units.ts";

const service = (change: Partial<Service> = {}): Service => makeUnit("api", { service: change }).service;
const code = (value: number): Exit => ({ by: "code", code: value });
const signal = (name: SignalName, core = false): Exit => ({ by: "signal", signal: name, core });
const ended = (exit: Exit): Cause => ({ tag: "exited", exit, ready: true, clean: isClean(service(), exit) });

const policies = ["no", "always", "on-success", "on-failure", "on-abnormal", "on-abort", "on-watchdog"] as const;

/** systemd.service(5), "Exit causes and the effect of the Restart= settings", columns as in `policies`. */
describe("Restart=", () => {
  const rows: readonly (readonly [cause: string, Cause, marks: string])[] = [
    ["a clean exit code", ended(code(0)), "-XX----"],
    ["a clean signal", ended(signal("SIGTERM")), "-XX----"],
    ["an unclean exit code", ended(code(1)), "-X-X---"],
    ["an unclean signal", ended(signal("SIGKILL")), "-X-XXX-"],
    ["a core dump", ended(signal("SIGSEGV", true)), "-X-XXX-"],
    ["a start that timed out", { tag: "start-timeout", limitMs: 1 }, "-X-XX--"],
    ["a stop that timed out", { tag: "stop-timeout", limitMs: 1 }, "-X-XX--"],
    ["a life over its limit", { tag: "runtime-max", limitMs: 1 }, "-X-XX--"],
    ["a watchdog", { tag: "watchdog", limitMs: 1 }, "-X-XX-X"],
    ["a watchdog that the service triggers", { tag: "watchdog", limitMs: null }, "-X-XX-X"],
    [
      "a program that cannot be executed",
      { tag: "spawn-failed", stage: "exec", code: "ENOENT", message: "" },
      "-X-X---",
    ],
    ["a busy listener", { tag: "spawn-failed", stage: "listen", code: "listener-busy", message: "" }, "-------"],
    ["a missing placeholder", { tag: "spawn-failed", stage: "command", code: "", message: "" }, "-------"],
  ];
  const table = rows.flatMap(([name, cause, marks]) =>
    policies.map((policy, index): [string, RestartPolicy, boolean, Cause] => [
      name,
      policy,
      marks[index] === "X",
      cause,
    ]),
  );
  test.each(table)("%s with %s is followed by a start: %p", (_, restart, again, cause) => {
    expect(isRestarted(service({ restart }), cause)).toBe(again);
  });

  test("a clean code that came before READY is not a success", () => {
    const early: Cause = { tag: "exited", exit: code(0), clean: false, ready: false };
    expect(policies.filter((restart) => isRestarted(service({ restart }), early))).toEqual(["always", "on-failure"]);
  });
});

describe("restart_prevent_exit_status and restart_force_exit_status", () => {
  const exits = [code(42), signal("SIGUSR1")].map((exit) => [exitText(exit), exit] as const);
  const listed = { codes: [42], signals: ["SIGUSR1"] as SignalName[] };

  test.each(exits)("prevent: one that %s is not followed by a start", (_, exit) => {
    expect(isRestarted(service({ restart: "always", restartPreventExitStatus: listed }), ended(exit))).toBe(false);
  });

  test.each(exits)("force: one that %s is followed by a start", (_, exit) => {
    expect(isRestarted(service({ restart: "no", restartForceExitStatus: listed }), ended(exit))).toBe(true);
  });

  test("prevent wins over force", () => {
    const both = service({ restartPreventExitStatus: listed, restartForceExitStatus: listed });
    expect(isRestarted(both, ended(code(42)))).toBe(false);
  });

  test("what is not listed follows the policy", () => {
    const prevent = service({ restart: "always", restartPreventExitStatus: listed });
    const force = service({ restart: "no", restartForceExitStatus: listed });
    for (const exit of [code(43), signal("SIGUSR2")]) {
      expect([isRestarted(prevent, ended(exit)), isRestarted(force, ended(exit))]).toEqual([true, false]);
    }
  });

  test("they speak of exits only, not of a start that failed", () => {
    const failed: Cause = { tag: "spawn-failed", stage: "exec", code: "42", message: "" };
    expect(isRestarted(service({ restart: "no", restartForceExitStatus: listed }), failed)).toBe(false);
  });
});

describe("a success is", () => {
  const rows: readonly (readonly [Exit, boolean])[] = [
    [code(0), true],
    [code(1), false],
    [code(143), false],
    [signal("SIGHUP"), true],
    [signal("SIGINT"), true],
    [signal("SIGTERM"), true],
    [signal("SIGPIPE"), true],
    [signal("SIGKILL"), false],
    [signal("SIGQUIT"), false],
    [signal("SIGUSR1"), false],
    [signal("SIGABRT", true), false],
  ];
  test.each(rows.map(([exit, clean]) => [exitText(exit), clean, exit] as const))("%s: %p", (_, clean, exit) => {
    expect(isClean(service(), exit)).toBe(clean);
  });

  test("also what the unit lists, and code 0 even when it is not listed", () => {
    const own = service({ successExitStatus: { codes: [143], signals: ["SIGUSR1"] } });
    expect([code(143), signal("SIGUSR1"), code(0), code(1)].map((exit) => isClean(own, exit))).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });
});
