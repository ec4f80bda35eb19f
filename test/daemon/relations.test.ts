import { describe, expect, test } from "bun:test";
import type { Unit } from "../../supervisor/unit/unit.ts";
import { makeUnit } from "../support/units.ts";
import { Rig } from "./rig.ts";

type Relation = "requires" | "wants" | "bindsTo" | "partOf" | "after" | "before" | "conflicts";

/** What `redis` and `api` come to, each as it stands when all that was asked to end has ended and all that starts is ready. */
type Ends = Readonly<Record<Relation, string>>;

const no = { service: { restart: "no" } } as const;
const related = (relation: Relation): readonly Unit[] => [
  makeUnit("redis", no),
  makeUnit("api", { ...no, [relation]: ["redis"] }),
];

/** More rounds than any of these cases takes. */
const mostMoves = 20;

/** Lets everybody do as they are told, until nobody moves: who starts becomes ready, who stops ends well. */
function settle(rig: Rig): string {
  for (let moved = true, count = 0; moved; count++) {
    if (count === mostMoves) throw new Error(`never at rest: ${shown(rig)}`);
    moved = false;
    for (const { name, active_state } of rig.desk.status().units) {
      if (active_state !== "activating" && active_state !== "deactivating") continue;
      moved = true;
      if (active_state === "activating") rig.ready(name);
      else rig.exit(name, 0);
    }
  }
  return shown(rig);
}

const shown = (rig: Rig): string => ["redis", "api"].map((name) => `${name} ${rig.unit(name).active_state}`).join(", ");

/** Both up, however they get there. */
function both(relation: Relation): Rig {
  const rig = new Rig(...related(relation));
  void rig.start("redis", "api");
  expect(settle(rig)).toBe("redis active, api active");
  return rig;
}

const up = "redis active, api active";
const down = "redis inactive, api inactive";
const onlyApi = "redis inactive, api active";
const onlyRedis = "redis active, api inactive";

/** systemd.unit(5): what happens to a unit (`api`) that has a relation to another (`redis`), and to that other. */
describe("api and its relation to redis:", () => {
  const cases = (name: string, ends: Ends, act: (rig: Rig) => void, begin: (relation: Relation) => Rig) =>
    test.each(Object.entries(ends) as [Relation, string][])(`${name}, by %s: %s`, (relation, end) => {
      const rig = begin(relation);
      act(rig);
      expect(settle(rig)).toBe(end);
    });
  const idle = (relation: Relation): Rig => new Rig(...related(relation));
  const ordered = (relation: Relation): Rig => (relation === "conflicts" ? besides() : both(relation));
  /** Only one of two that conflict can be up: it is `redis`. */
  const besides = (): Rig => {
    const rig = idle("conflicts");
    void rig.start("redis");
    settle(rig);
    return rig;
  };

  cases(
    "api is started while redis is at rest",
    { requires: up, wants: up, bindsTo: up, partOf: onlyApi, after: onlyApi, before: onlyApi, conflicts: onlyApi },
    (rig) => void rig.start("api"),
    idle,
  );
  cases(
    "redis is started while api is at rest",
    {
      requires: onlyRedis,
      wants: onlyRedis,
      bindsTo: onlyRedis,
      partOf: onlyRedis,
      after: onlyRedis,
      before: onlyRedis,
      conflicts: onlyRedis,
    },
    (rig) => void rig.start("redis"),
    idle,
  );
  cases(
    "api is started while redis runs",
    { requires: up, wants: up, bindsTo: up, partOf: up, after: up, before: up, conflicts: onlyApi },
    (rig) => void rig.start("api"),
    (relation) => {
      const rig = idle(relation);
      void rig.start("redis");
      settle(rig);
      return rig;
    },
  );
  cases(
    "redis is started while api runs",
    { requires: up, wants: up, bindsTo: up, partOf: up, after: up, before: up, conflicts: onlyRedis },
    (rig) => void rig.start("redis"),
    (relation) => {
      const rig = idle(relation);
      void rig.start("api");
      settle(rig);
      return rig;
    },
  );
  cases(
    "redis is stopped with all that need it",
    {
      requires: down,
      wants: onlyApi,
      bindsTo: down,
      partOf: down,
      after: onlyApi,
      before: onlyApi,
      conflicts: down,
    },
    (rig) => void rig.order({ tag: "stop", units: ["redis"], cascade: true }),
    ordered,
  );
  cases(
    "api is stopped",
    {
      requires: onlyRedis,
      wants: onlyRedis,
      bindsTo: onlyRedis,
      partOf: onlyRedis,
      after: onlyRedis,
      before: onlyRedis,
      conflicts: onlyRedis,
    },
    (rig) => void rig.order({ tag: "stop", units: ["api"], cascade: false }),
    ordered,
  );
  cases(
    "redis fails while api runs",
    {
      requires: "redis failed, api active",
      wants: "redis failed, api active",
      bindsTo: "redis failed, api inactive",
      partOf: "redis failed, api active",
      after: "redis failed, api active",
      before: "redis failed, api active",
      conflicts: "redis failed, api inactive",
    },
    (rig) => rig.exit("redis", 1),
    ordered,
  );
  cases(
    "redis ends in success while api runs",
    {
      requires: onlyApi,
      wants: onlyApi,
      bindsTo: down,
      partOf: onlyApi,
      after: onlyApi,
      before: onlyApi,
      conflicts: down,
    },
    (rig) => rig.exit("redis", 0),
    ordered,
  );
  cases(
    "redis cannot be started when both are",
    {
      requires: "redis failed, api inactive",
      wants: "redis failed, api active",
      bindsTo: "redis failed, api inactive",
      partOf: "redis failed, api active",
      after: "redis failed, api active",
      before: "redis failed, api active",
      conflicts: "redis failed, api inactive",
    },
    (rig) => {
      // The one that is ordered before redis is in the way until it is ready.
      if (rig.log.every((line) => !line.startsWith("spawn redis"))) rig.ready("api");
      rig.exit("redis", 1);
    },
    (relation) => {
      const rig = idle(relation);
      void rig.start(...(relation === "conflicts" ? ["redis"] : ["redis", "api"]));
      return rig;
    },
  );
  cases(
    "api fails while redis runs",
    {
      requires: "redis active, api failed",
      wants: "redis active, api failed",
      bindsTo: "redis active, api failed",
      partOf: "redis active, api failed",
      after: "redis active, api failed",
      before: "redis active, api failed",
      conflicts: "redis inactive, api failed",
    },
    (rig) => rig.exit("api", 1),
    (relation) => {
      if (relation !== "conflicts") return both(relation);
      const rig = idle(relation);
      void rig.start("api");
      return rig;
    },
  );
});

describe("a restart of redis", () => {
  test.each([
    ["requires", ["stop api", "stop redis", "spawn redis", "spawn api"]],
    ["bindsTo", ["stop api", "stop redis", "spawn redis", "spawn api"]],
    ["wants", ["stop redis", "spawn redis"]],
    ["after", ["stop redis", "spawn redis"]],
    ["before", ["stop redis", "spawn redis"]],
  ] as const)("is, where api %s it: %j", (relation, moves) => {
    const rig = both(relation);
    const before = rig.log.length;
    void rig.order({ tag: "restart", units: ["redis"] });
    expect(settle(rig)).toBe(up);
    expect(movesSince(rig, before)).toEqual([...moves]);
  });

  test("takes a part along, in no order, and one that does not run stays so", () => {
    const rig = both("partOf");
    const before = rig.log.length;
    void rig.order({ tag: "restart", units: ["redis"] });
    expect(settle(rig)).toBe(up);
    expect([...movesSince(rig, before)].sort()).toEqual(["spawn api", "spawn redis", "stop api", "stop redis"]);
    void rig.order({ tag: "stop", units: ["api"], cascade: false });
    settle(rig);
    void rig.order({ tag: "restart", units: ["redis"] });
    expect(settle(rig)).toBe(onlyRedis);
  });
});

test.each([
  ["requires", "spawn redis"],
  ["wants", "spawn redis"],
  ["bindsTo", "spawn redis"],
  ["after", "spawn redis"],
  ["before", "spawn api"],
] as const)("started together, where api %s redis, the first is: %s", (relation, first) => {
  const rig = new Rig(...related(relation));
  void rig.start("api", "redis");
  expect(movesSince(rig, 0)).toEqual([first]);
});

test.each([
  ["requires", "stop api"],
  ["bindsTo", "stop api"],
  ["wants", "stop api"],
  ["after", "stop api"],
  ["before", "stop redis"],
] as const)("stopped together, where api %s redis, the first is: %s", (relation, first) => {
  const rig = both(relation);
  const before = rig.log.length;
  void rig.order({ tag: "stop", units: ["redis", "api"], cascade: false });
  expect(movesSince(rig, before)).toEqual([first]);
});

/** Shape: `spawn api`, `stop redis`. */
function movesSince(rig: Rig, start: number): readonly string[] {
  const owners = rig.fakes.processes.orders.map(({ env }) => env.SUPERVISOR_UNIT ?? "");
  return rig.log.slice(start).flatMap((line) => {
    const [, spawned] = /^spawn (\S+)/.exec(line) ?? [];
    if (spawned !== undefined) return [`spawn ${spawned}`];
    const [, number] = /^SIGTERM group i(\d+)/.exec(line) ?? [];
    return number === undefined ? [] : [`stop ${owners[Number(number) - 1]}`];
  });
}
