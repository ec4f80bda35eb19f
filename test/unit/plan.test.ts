import { describe, expect, test } from "bun:test";
import { type Known, planUnits, type Standing, type UnitPlan } from "../../supervisor/unit/plan.ts";
import { reaches } from "../../supervisor/unit/reach.ts";
import { sections } from "../../supervisor/unit/schema.ts";
import type { Unit } from "../../supervisor/unit/unit.ts";
import { socketOf } from "../daemon/socket-of.ts";
import { makeUnit } from "../support/units.ts";

type Change = Parameters<typeof makeUnit>[1];

const known = (unit: Unit, standing: Standing = "running", started: readonly Unit[] = [unit]): Known => ({
  unit,
  standing,
  started: standing === "running" ? started : [],
});
const api = (change?: Change) => makeUnit("api", change);
const tcp = (port: number) => ({ tag: "tcp", host: "127.0.0.1", port }) as const;

/** Shape: "handover (service.args)"; a reason stands before the keys. */
function said(plans: readonly UnitPlan[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    plans.map(({ unit, action, keys, reason }) => {
      const why = [...(reason === null ? [] : [reason]), ...keys].join(", ");
      return [unit, why === "" ? action : `${action} (${why})`];
    }),
  );
}

const planOf = (before: Known, after: Unit) => said(planUnits([before], [after]))[after.name];

test("every key of a unit file has its reach, and no other has", () => {
  const keysOf = (tables: Readonly<Record<string, object>>) =>
    Object.entries(tables).flatMap(([section, keys]) => Object.keys(keys).map((key) => `${section}.${key}`));
  expect(keysOf(reaches).sort()).toEqual(keysOf(sections).sort());
});

describe("a change of a unit that runs", () => {
  test.each<[Change, string]>([
    [{}, "nothing"],
    [{ description: "new" }, "live (unit.description)"],
    [{ enabled: false }, "live (unit.enabled)"],
    [{ after: ["x"], conflicts: ["y"] }, "live (unit.after, unit.conflicts)"],
    [{ service: { restart: "no", timeoutStopMs: 1 } }, "live (service.restart, service.timeout_stop_sec)"],
    [{ service: { instances: 3 } }, "live (service.instances)"],
    [{ service: { execStop: [["/bin/true"]] } }, "live (service.exec_stop)"],
    [{ service: { runtimeMaxMs: 1, killMode: "mixed" } }, "live (service.runtime_max_sec, service.kill_mode)"],
    [{ handover: { soakMs: 5, drainMs: 7 } }, "live (handover.soak_sec, handover.drain_sec)"],
    [{ service: { environment: { PORT: "1", A: "b" } } }, "handover (service.environment.A, service.environment.PORT)"],
    [{ service: { execStartPre: [["/bin/true"]] } }, "handover (service.exec_start_pre)"],
    [{ service: { watchdogMs: 5 } }, "handover (service.watchdog_sec)"],
    [{ service: { limits: { nofile: 9 }, umask: 0o22 } }, "handover (service.umask, service.limit_nofile)"],
    [
      { service: { exec: { tag: "program", argv: ["x"] } } },
      "handover (service.script, service.args, service.runtime, service.exec_start)",
    ],
    [{ service: { restart: "no", user: "www" } }, "handover (service.restart, service.user)"],
    [{ service: { type: "simple" } }, "restart (service.type)"],
    [{ service: { reloadMode: "restart", nice: 1 } }, "restart (service.reload_mode, service.nice)"],
    [{ sockets: [socketOf("http")] }, "handover (socket.http)"],
  ])("%j: %s", (change, expected) => {
    expect(planOf(known(api()), api(change))).toBe(expected);
  });

  const serving = api({ sockets: [socketOf("http", { address: tcp(1) }), socketOf("admin")] });
  test.each<[Unit["sockets"], string]>([
    [[socketOf("http", { address: tcp(1), backlog: 9 }), socketOf("admin")], "live (socket.http.backlog)"],
    [[socketOf("http", { address: tcp(2) }), socketOf("admin")], "handover (socket.http.listen_stream)"],
    [[socketOf("http", { address: tcp(1), noDelay: true }), socketOf("admin")], "handover (socket.http.no_delay)"],
    [[socketOf("http", { address: tcp(1) })], "handover (socket.admin)"],
    [[socketOf("admin"), socketOf("http", { address: tcp(1) })], "handover (socket)"],
  ])("sockets %#: %s", (sockets, expected) => {
    expect(planOf(known(serving), { ...serving, sockets })).toBe(expected);
  });

  const ask = { tag: "tcp", host: "::1", port: 1 } as const;
  const often = { ask, initialDelayMs: 0, periodMs: 1, timeoutMs: 1, failureThreshold: 1, successThreshold: 1 };
  test("probes are asked anew at once", () => {
    const probed = api({ probes: { readiness: often } });
    expect(planOf(known(probed), api({ probes: { readiness: { ...often, periodMs: 2 } } }))).toBe(
      "live (probe.readiness.period)",
    );
    expect(planOf(known(probed), api())).toBe("live (probe.readiness)");
  });
});

describe("a process is compared with what it was started with", () => {
  const [old, now] = [api(), api({ service: { nice: 1 } })];

  test("so one that a handover kept is handed over again", () => {
    expect(planOf(known(now, "running", [old]), now)).toBe("handover (service.nice)");
  });

  test("and a file that says again what it runs with costs nothing", () => {
    expect(planOf(known(now, "running", [old]), old)).toBe("live");
  });

  test("one of several instances that is older is enough", () => {
    expect(planOf(known(now, "running", [now, old]), now)).toBe("handover (service.nice)");
  });
});

describe("a unit that does not run", () => {
  const down = (change?: Change) => known(api({ enabled: false, ...change }), "resting");

  test("takes its new settings for its next start", () => {
    expect(planOf(down(), api({ enabled: false, service: { nice: 1 } }))).toBe("live (service.nice)");
  });

  test("is started when it is enabled, and only then", () => {
    expect(planOf(down(), api())).toBe("start (unit.enabled)");
    expect(planOf(known(api(), "resting"), api({ enabled: false }))).toBe("live (unit.enabled)");
    expect(planOf(known(api(), "resting"), api())).toBe("nothing");
  });

  test("and should is tried again when what it runs has changed, not when it is left to pause longer", () => {
    expect(planOf(known(api(), "broken"), api({ service: { nice: 1 } }))).toBe("start (service.nice)");
    expect(planOf(known(api(), "broken"), api({ service: { restartMs: 1 } }))).toBe("live (service.restart_sec)");
    expect(planOf(known(api(), "broken"), api())).toBe("nothing");
  });
});

describe("files that come and go", () => {
  test("start what is enabled, know what is not, and stop what is gone", () => {
    const after = [makeUnit("b"), makeUnit("c", { enabled: false }), makeUnit("same")];
    expect(said(planUnits([known(makeUnit("a")), known(makeUnit("same"))], after))).toEqual({
      a: "stop (its file is gone)",
      b: "start (its file is new)",
      c: "live (its file is new, and it is not enabled)",
      same: "nothing",
    });
  });

  test("are planned in the order of their names", () => {
    const plans = planUnits([known(makeUnit("b"))], [makeUnit("c"), makeUnit("a")]);
    expect(plans.map(({ unit }) => unit)).toEqual(["a", "b", "c"]);
  });
});

describe("who goes along", () => {
  const redis = makeUnit("redis", { enabled: false });

  test("what a new unit needs is started with it, directly or through others", () => {
    const db = makeUnit("db", { enabled: false, requires: ["redis"] });
    const plans = planUnits([known(redis, "resting"), known(db, "resting")], [redis, db, api({ wants: ["db"] })]);
    expect(said(plans)).toEqual({
      api: "start (its file is new)",
      db: "start (needed by api)",
      redis: "start (needed by api)",
    });
  });

  test("what a running unit needs from now on is started; what it needed before is left as it is", () => {
    const before = [known(redis, "resting"), known(api())];
    expect(said(planUnits(before, [redis, api({ bindsTo: ["redis"] })]))).toEqual({
      api: "live (unit.binds_to)",
      redis: "start (needed by api)",
    });
    const needing = api({ requires: ["redis"] });
    expect(said(planUnits([known(redis, "resting"), known(needing)], [redis, needing]))).toEqual({
      api: "nothing",
      redis: "nothing",
    });
  });

  test("those that require a unit are restarted with it, also where they would be handed over", () => {
    const db = makeUnit("db", { service: { type: "simple" } });
    const needing = api({ requires: ["db"] });
    const worker = makeUnit("worker", { partOf: ["db"] });
    const before = [known(db), known(needing), known(worker, "resting")];
    const after = [
      { ...db, service: { ...db.service, nice: 1 } },
      api({ requires: ["db"], service: { nice: 1 } }),
      worker,
    ];
    expect(said(planUnits(before, after))).toEqual({
      api: "restart (restarted with db, service.nice)",
      db: "restart (service.nice)",
      worker: "nothing",
    });
  });

  test("what a new unit cannot be beside is stopped, with those that need it", () => {
    const rival = makeUnit("rival", { enabled: false });
    const friend = makeUnit("friend", { enabled: false, requires: ["rival"] });
    const plans = planUnits([known(rival), known(friend)], [rival, friend, api({ conflicts: ["rival"] })]);
    expect(said(plans)).toEqual({
      api: "start (its file is new)",
      friend: "stop (cannot be up beside api)",
      rival: "stop (cannot be up beside api)",
    });
  });
});
