import { expect, test } from "bun:test";
import { drive } from "../../supervisor/core/drive.ts";
import type { Event } from "../../supervisor/core/event.ts";
import { mainRun } from "../../supervisor/core/state.ts";
import { createWorld, type World, type WorldEvent } from "../../supervisor/core/world.ts";
import { difference } from "../../supervisor/daemon/difference.ts";
import { createPrograms } from "../../supervisor/daemon/programs.ts";
import { makeUnit } from "../support/units.ts";

const soak = { handover: { soakMs: 0 } };
const unit = makeUnit("api", { ...soak, service: { instances: 2 } });
const link = (path: string): string => path.replace("/srv/current", "/srv/releases/1");
const command = (cwd: string, ...argv: readonly [string, ...string[]]) => ({ argv, env: {}, cwd });

let turn = 0;

function post(world: World, event: WorldEvent): World {
  turn += 1;
  return drive(world, event, { now: turn, roll: 0, nonce: String(turn).padStart(24, "0") }).world;
}

const order = (world: World, tag: Event["tag"]): World =>
  post(world, { tag: "order", units: ["api"], event: { tag } as Event });

/** Gives what each world has changed of the one before. */
function follow() {
  let seen: World["units"] = new Map();
  return ({ units }: World) => {
    const changes = difference(seen, units);
    seen = units;
    return changes;
  };
}

/** Both instances run. */
function running(): World {
  const world = order(createWorld([unit]), "want-up");
  return invocations(world).reduce(
    (now, invocation) => post(now, { tag: "fact", fact: { tag: "ready", invocation } }),
    world,
  );
}

const invocations = (world: World): readonly string[] =>
  (world.units.get("api")?.instances ?? []).map((state) => mainRun(state)?.invocation ?? "");

test("the folder that a link led to is remembered, and not the link: in the directory, the program and its arguments", () => {
  const programs = createPrograms(link);
  programs.keep(
    "i1",
    command("/srv/current", "/srv/current/bin/api", "--root", "/srv/current", "/srv/currently", "x"),
    null,
  );
  expect(programs.commandOf("i1", null)).toEqual(
    command("/srv/releases/1", "/srv/releases/1/bin/api", "--root", "/srv/releases/1", "/srv/currently", "x"),
  );
});

test("a command line is remembered while its process runs, and while somebody may go back to it, not longer", () => {
  const programs = createPrograms(link);
  const turned = follow();
  let world = running();
  const [first = "", second = ""] = invocations(world);
  for (const life of [first, second]) programs.keep(life, command("/", life), null);
  programs.turned(turned(world));
  world = order(world, "want-reload");
  const phase = world.units.get("api")?.instances[0]?.phase;
  const next = phase?.tag === "replacing" ? phase.next.invocation : "";
  world = post(world, { tag: "fact", fact: { tag: "ready", invocation: next } });
  programs.turned(turned(world));
  expect([programs.commandOf(first, null)?.argv, programs.commandOf(second, null)?.argv]).toEqual([[first], [second]]);

  world = order(world, "want-down");
  programs.turned(turned(world));
  expect([programs.commandOf(first, null), programs.commandOf(second, null)]).toEqual([null, null]);
});

test("a command line by which a start failed at once is forgotten with that turn", () => {
  const programs = createPrograms(link);
  programs.keep("i1", command("/", "i1"), null);
  programs.turned(follow()(running()));
  expect(programs.commandOf("i1", null)).toBeNull();
});

test("the definitions that processes were started with are known after the unit got another", () => {
  const programs = createPrograms(link);
  const world = running();
  programs.turned(follow()(world));
  const changed = makeUnit("api", { ...soak, service: { instances: 2, nice: 5 } });
  const entry = post(world, { tag: "reconfigure", units: [changed], wishes: [] }).units.get("api");
  expect(entry?.unit).toBe(changed);
  expect(entry && programs.definitionsOf(entry)).toEqual([unit]);
});

test("who was left by another daemon is taken for what is loaded, but for the release that it is known to run from", () => {
  const programs = createPrograms(link);
  const world = running();
  const [changed] = follow()(world);
  const loaded = { ...unit, release: "v2" };
  if (!changed?.now) throw new Error("there is no unit");
  const now = { ...changed.now, unit: loaded };
  expect(programs.definitionsOf(now)).toEqual([
    { ...loaded, release: null },
    { ...loaded, release: null },
  ]);
  programs.turned([{ ...changed, before: null, now }]);
  expect(programs.definitionsOf(now).map(({ release }) => release)).toEqual([null, null]);
});
