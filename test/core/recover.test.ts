import { describe, expect, test } from "bun:test";
import { type Finding, recover } from "../../supervisor/core/recover.ts";
import { decode, encode, restored } from "../../supervisor/core/saved.ts";
import type { State } from "../../supervisor/core/state.ts";
import { createWorld, type UnitState, type World } from "../../supervisor/core/world.ts";
import type { Service, Unit } from "../../supervisor/unit/unit.ts";
import type { Life } from "./life.ts";
import { line } from "./line.ts";
import { lifeAt, phases } from "./stages.ts";

const unknown = { by: "unknown" } as const;
const alive = (pid: number): Finding => ({ tag: "alive", pid });
const gone: Finding = { tag: "gone", exit: unknown };
const left: Finding = { tag: "left", exit: unknown, survivors: [{ pid: 7, command: "child" }] };

type Case = Readonly<{ found?: Readonly<Record<string, Finding>>; isDone?: boolean }>;

/** What is to be done and told for a life that another daemon has left. Whoever is not found otherwise is alive as he was. */
function after({ unit, state }: Life, { found = {}, isDone = true }: Case = {}): readonly string[] {
  const { deeds, facts } = recover(worldOf(unit, state), {
    find: ({ invocation, pid }) => found[invocation] ?? (pid === null ? gone : alive(pid)),
    isDone: () => isDone,
  });
  const told = facts.map(
    ({ tag, invocation, ...rest }) => `${tag} ${invocation}${"pid" in rest ? ` ${rest.pid}` : ""}`,
  );
  return [...deeds.map(({ effect }) => line(effect)), ...told];
}

function worldOf(unit: Unit, state: State): World {
  const entry: UnitState = { unit, target: 1, instances: [state] };
  return { ...createWorld([unit]), units: new Map([[unit.name, entry]]) };
}

describe("a daemon that comes back", () => {
  test.each([...phases])("has nothing to do in %s where all is as it was left", (tag) => {
    const life = lifeAt(tag);
    if (tag === "starting") life.spawned("i1", 101);
    if (tag === "replacing" || tag === "soaking") life.spawned("i2", 102);
    expect(after(life)).toEqual([]);
  });

  test("makes a start again that nobody came to", () => {
    expect(after(lifeAt("starting"), { found: { i1: gone } })).toEqual(["spawn i1 g1"]);
    expect(after(lifeAt("replacing"), { found: { i2: gone } })).toEqual(["spawn i2 g2"]);
  });

  test("runs a command again that nobody came to", () => {
    const life = lifeAt("starting", { execStartPre: [["/bin/true"]] });
    expect(after(life, { found: { "i1.start-pre": gone } })).toEqual(["run start-pre 0 i1.start-pre for i1"]);
  });

  test("hears of a process that was started when nobody was there to note it", () => {
    expect(after(lifeAt("starting"), { found: { i1: alive(101) } })).toEqual(["spawned i1 101"]);
  });

  test("hears of another main process", () => {
    expect(after(lifeAt("running"), { found: { i1: alive(102) } })).toEqual(["main-pid i1 102"]);
  });

  test("asks a probe again whose answer went to somebody who is no more", () => {
    const probes = {
      liveness: { at: Infinity, asked: 1, passes: 0, failures: 0, verdict: "unknown", detail: "" },
    } as const;
    const { unit, state } = lifeAt("running");
    if (state.phase.tag !== "running") throw new Error("it does not run");
    const asked: State = { ...state, phase: { ...state.phase, run: { ...state.phase.run, probes } } };
    const recovered = (found: Finding) => recover(worldOf(unit, asked), { find: () => found, isDone: () => true });
    expect(recovered(alive(101)).deeds.map(({ effect }) => effect)).toEqual([
      { tag: "ask", invocation: "i1", kind: "liveness" },
    ]);
    expect(recovered(gone).deeds).toEqual([]);
  });

  test("hears of an end, and of whom it has left behind", () => {
    expect(after(lifeAt("running"), { found: { i1: gone } })).toEqual(["exited i1"]);
    const { facts } = recover(worldOf(lifeAt("running").unit, lifeAt("running").state), {
      find: () => left,
      isDone: () => true,
    });
    expect(facts).toEqual([
      { tag: "exited", invocation: "i1", exit: unknown, survivors: [{ pid: 7, command: "child" }] },
    ]);
  });

  describe("tells those again who are to go", () => {
    const draining = (service: Partial<Service> = {}): Life => {
      const life = lifeAt("soaking", service);
      life.spawned("i2", 102);
      life.pass(1_000);
      return life;
    };

    test("only where it may not have been done", () => {
      expect(after(draining())).toEqual([]);
      expect(after(draining(), { isDone: false })).toEqual(["SIGTERM main i1"]);
    });

    test("not those who have gone", () => {
      expect(after(draining(), { isDone: false, found: { i1: gone } })).toEqual(["exited i1"]);
    });

    test("by the last signal where they were killed", () => {
      const life = draining();
      life.pass(35_000);
      expect(after(life, { isDone: false })).toEqual(["SIGKILL group i1"]);
    });

    test("and knows that nobody is left of an orphaned group", () => {
      const life = lifeAt("running");
      life.exit("i1", 1, [{ pid: 7, command: "child" }]);
      expect(after(life, { found: { i1: left } })).toEqual([]);
      expect(after(life, { found: { i1: gone } })).toEqual(["emptied i1"]);
    });
  });
});

describe("what is written down", () => {
  test.each([...phases])("is read as it was: %s", (tag) => {
    const { unit, state } = lifeAt(tag);
    const world = worldOf(unit, state);
    const read = [...world.units.values()].flatMap((entry) => decode(encode(entry)) ?? []);
    expect(restored(createWorld([unit]), new Map(read.map((one) => [one.unit, one]))).units).toEqual(world.units);
  });

  test.each([
    ["a line that was cut short", '{"unit":"api","target":1,"inst'],
    ["nothing", ""],
    ["a list", "[]"],
    ["a phase that nobody knows", '{"unit":"api","target":1,"instances":[{"phase":{"tag":"dancing"}}]}'],
    ["a process without a name", '{"unit":"api","target":1,"instances":[{"phase":{"tag":"running","run":{}}}]}'],
  ])("is not taken when it is %s", (_what, text) => {
    expect(decode(text)).toBeNull();
  });

  test("by an older version lacks what was not there yet, and is taken", () => {
    const { unit, state } = lifeAt("running");
    const { reload: _reload, lastExit: _lastExit, ...older } = state;
    const text = encode({ unit, target: 1, instances: [older as State] });
    expect(decode(text)?.instances).toEqual([{ ...state, lastExit: null }]);
  });
});
