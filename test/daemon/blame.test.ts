import { beforeEach, describe, expect, test } from "bun:test";
import type { State } from "../../supervisor/core/state.ts";
import { createWorld, type World } from "../../supervisor/core/world.ts";
import { type Asked, type Blame, createBlame } from "../../supervisor/daemon/blame.ts";
import { type Told, told } from "../../supervisor/daemon/happening.ts";
import type { Giver } from "../../supervisor/daemon/ports.ts";
import { makeUnit } from "../support/units.ts";

const redis = makeUnit("redis");
const api = makeUnit("api", { bindsTo: ["redis"], service: { instances: 2 } });
const web = makeUnit("web", { requires: ["api"], conflicts: ["old"] });
const old = makeUnit("old");
const root: Giver = { tag: "client", user: "root", uid: 0, pid: 41, command: "supervisor stop redis" };
const { tag: _tag, ...rootSaid } = root;

let world: World;
let blame: Blame;
beforeEach(() => {
  world = createWorld([redis, api, web, old]);
  blame = createBlame(() => world);
});

const ask = (order: string, wish: Asked["wish"], units: string[], named: string[] | null, by: Giver = root): void =>
  blame.asked({ order, wish, units, named, by });

const happens = (event: string, unit: string, more: Partial<Told> = {}): Told =>
  blame.complete({ ...told("info", event, event), unit, instance: 1, to: event.split(".")[1] ?? "", ...more });

const stopped = { cause: { tag: "stopped", because: [] } } as const;
const stops = (unit: string, more: Partial<Told> = {}): Told =>
  happens("service.stopping", unit, { ...stopped, ...more });
const starts = (unit: string, more: Partial<Told> = {}): Told =>
  happens("service.starting", unit, { from: "inactive", ...more });

describe("an order by hand", () => {
  test("is told with who gave it, for each instance and each kind of move once", () => {
    ask("stop", "want-down", ["api"], ["api"]);
    const first = stops("api");
    expect(first.cause).toEqual({ tag: "manual", order: "stop", ...rootSaid, because: [] });
    expect(first.why).toBe("stop by root (pid 41: supervisor stop redis)");
    expect(first.text).toBe("stopping: stop by root (pid 41: supervisor stop redis)");
    expect(stops("api", { instance: 2 }).cause?.tag).toBe("manual");
    expect(stops("api").cause?.tag).not.toBe("manual");
  });

  test("that restarts explains the end and the new beginning", () => {
    ask("restart", "want-restart", ["api@2"], ["api@2"]);
    expect(stops("api", { instance: 1 }).cause?.tag).not.toBe("manual");
    expect(stops("api", { instance: 2 }).cause).toMatchObject({ tag: "manual", order: "restart" });
    expect(starts("api", { instance: 2 }).cause).toMatchObject({ tag: "manual", order: "restart" });
    expect(starts("api", { instance: 2 }).cause).toBeNull();
  });

  test("for a handover, and for a reset", () => {
    ask("reload", "want-reload", ["api"], null, { tag: "signal", signal: "SIGUSR2" });
    const began = happens("handover.began", "api", { to: null, text: "generation 2 is started beside it" });
    expect(began.cause).toEqual({ tag: "daemon-signal", order: "reload", signal: "SIGUSR2", because: [] });
    expect(began.text).toBe("generation 2 is started beside it: reload by SIGUSR2 to the supervisor");
    ask("reset-failed", "reset-failed", ["web"], ["web"]);
    expect(happens("service.inactive", "web", { from: "failed" }).why).toStartWith("reset-failed by root");
  });

  test("that ends a handover too leaves the stop itself explained", () => {
    ask("stop", "want-down", ["api"], ["api"]);
    expect(happens("handover.failed", "api", stopped).cause?.tag).toBe("manual");
    expect(stops("api").cause?.tag).toBe("manual");
  });

  test("whose giver said nothing of himself is somebody's", () => {
    ask("stop", "want-down", ["api"], ["api"], { tag: "client", user: null, uid: null, pid: null, command: null });
    expect(stops("api").why).toBe("stop by somebody");
  });

  test("that changed a unit file names the keys", () => {
    blame.asked({
      ...{ order: "reconfigure", wish: "want-reload", units: ["api"], named: null, by: root },
      keys: ["service.args"],
    });
    const { cause, why } = happens("handover.began", "api", { to: null });
    expect(cause).toMatchObject({ tag: "config", keys: ["service.args"], because: [{ tag: "manual" }] });
    expect(why).toStartWith("changed: service.args: reconfigure by root");
  });
});

describe("another unit", () => {
  test("that is stopped with those that require it is named, step by step", () => {
    ask("stop", "want-down", ["web", "api", "redis"], ["redis"]);
    expect(stops("redis").cause?.tag).toBe("manual");
    expect(stops("web")).toMatchObject({
      cause: {
        ...{ tag: "dependency", unit: "api", relation: "requires" },
        because: [
          { tag: "dependency", unit: "redis", relation: "binds_to" },
          { tag: "manual", order: "stop" },
        ],
      },
      why: "api (requires), redis (binds_to): stop by root (pid 41: supervisor stop redis)",
    });
  });

  test("that needs a unit, or conflicts with it, is named", () => {
    ask("start", "want-up", ["web", "api", "redis"], ["web"]);
    expect(starts("api").cause).toMatchObject({ tag: "dependency", unit: "web", relation: "needed_by" });
    ask("start", "want-down", ["old"], ["web"]);
    expect(stops("old").cause).toMatchObject({ tag: "dependency", unit: "web", relation: "conflicts" });
  });

  test("that failed takes those with it that are bound to it, and brings them back", () => {
    lose("redis");
    happens("service.stopping", "redis", {
      cause: { tag: "exit", code: 1, ready: true, because: [] },
      why: "exited with code 1",
    });
    expect(stops("api")).toMatchObject({
      cause: {
        ...{ tag: "dependency", unit: "redis", relation: "binds_to" },
        because: [{ tag: "exit", code: 1, ready: true }],
      },
      why: "redis (binds_to) exited with code 1",
      text: "stopping: redis (binds_to) exited with code 1",
    });
    expect(starts("api").why).toBe("redis (binds_to) is up again");
  });
});

test("a restart by policy tells which one it is of those that count", () => {
  change("web", { starts: [1, 2] });
  const again = starts("web", { from: "waiting" });
  expect(again.cause).toEqual({ tag: "restart", attempt: 2, burst: 5, because: [] });
  expect(again.why).toBe("attempt 2 of a burst of 5");
});

test("an end by a signal that somebody sent names him, until the next start", () => {
  const killed = {
    cause: { tag: "signal", signal: "SIGTERM", core: false, ready: true, because: [] },
    why: "was killed by SIGTERM",
  } as const;
  ask("signal SIGTERM", "signal", ["web"], ["web"]);
  const end = happens("service.exited", "web", { ...killed, to: null });
  expect(end.cause).toMatchObject({ tag: "signal", because: [{ tag: "manual", order: "signal SIGTERM" }] });
  expect(end.why).toBe("was killed by SIGTERM, signal SIGTERM by root (pid 41: supervisor stop redis)");
  starts("web");
  expect(happens("service.exited", "web", killed).cause?.because).toEqual([]);
});

test("what nobody asked for stays as the core told it", () => {
  const plain = { ...told("info", "service.exited", "exited with code 3"), unit: "web", instance: 1 };
  expect(blame.complete(plain)).toEqual(plain);
  expect(blame.complete(told("info", "supervisor.started", "x"))).toEqual(told("info", "supervisor.started", "x"));
});

function lose(unit: string): void {
  change(unit, { phase: { tag: "failed" } });
}

function change(unit: string, changes: Partial<State>): void {
  const entry = world.units.get(unit);
  if (!entry) throw new Error(unit);
  const instances = entry.instances.map((state) => ({ ...state, ...changes }));
  world = { ...world, units: new Map(world.units).set(unit, { ...entry, instances }) };
}
