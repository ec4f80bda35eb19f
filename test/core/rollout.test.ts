import { describe, expect, test } from "bun:test";
import { isRollingOut } from "../../supervisor/core/rollout.ts";
import { settled } from "../../supervisor/core/settled.ts";
import { mainRun } from "../../supervisor/core/state.ts";
import type { Unit } from "../../supervisor/unit/unit.ts";
import { makeUnit } from "../support/units.ts";
import { short } from "./line.ts";
import { Lives } from "./lives.ts";

const soakMs = 1_000;

/** All three run; whoever is handed over soaks for a second. */
function trio(service: Partial<Unit["service"]> = {}): Lives {
  const lives = new Lives(makeUnit("api", { service: { ...service, instances: 3 }, handover: { soakMs } }));
  lives.order("want-up", "api");
  for (const name of ["api@1", "api@2", "api@3"]) lives.say("ready", name);
  lives.now += 1;
  return lives;
}

/** The new generation of an instance is good, and the old one drains to its end. */
function renew(lives: Lives, name: string): readonly string[] {
  return lives.exitOf(replaced(lives, name));
}

/** The new generation of an instance is good; names the old one, which still drains. */
function replaced(lives: Lives, name: string): string {
  const old = mainRun(lives.state(name))?.invocation ?? "";
  lives.say("ready", name);
  lives.pass(soakMs);
  return old;
}

/** Whose program each instance runs. Shape: `i1 i2 i6`. */
const programs = (lives: Lives): string =>
  ["api@1", "api@2", "api@3"].map((name) => short(mainRun(lives.state(name))?.program.life ?? "none")).join(" ");

const entry = (lives: Lives) => {
  const found = lives.world.units.get("api");
  if (!found) throw new Error("there is no api");
  return found;
};

describe("a rollout over three instances", () => {
  test("that goes well leaves each with its new program, and nothing to go back to", () => {
    const lives = trio();
    lives.order("want-reload", "api");
    renew(lives, "api@1");
    expect([isRollingOut(entry(lives)), short(lives.state("api@1").handover.undo[0]?.program.life ?? "")]).toEqual([
      true,
      "i1",
    ]);
    renew(lives, "api@2");
    renew(lives, "api@3");
    expect([programs(lives), isRollingOut(entry(lives))]).toEqual(["i4 i5 i6", false]);
    expect(entry(lives).instances.map(({ handover }) => handover.undo)).toEqual([[], [], []]);
  });

  test("that the first refuses is over for the others: they keep their old generation, and say why", () => {
    const lives = trio();
    lives.order("want-reload", "api");
    expect(lives.exit("api@1", 3)).toEqual([
      "api@1 exited i4 g2: exited with code 3 before it was ready",
      "api@1 replacing → running i1: exited with code 3 before it was ready",
      "api@1 handover 1 kept-old i4 g2: exited with code 3 before it was ready",
      "api@2 handover 1 kept-old g1: instance 1 keeps its old generation: the new one exited with code 3 before it was ready",
      "api@3 handover 1 kept-old g1: instance 1 keeps its old generation: the new one exited with code 3 before it was ready",
    ]);
    expect([programs(lives), isRollingOut(entry(lives))]).toEqual(["i1 i2 i3", false]);
  });

  test("that the second refuses brings the first back to its old program, by a handover of its own", () => {
    const lives = trio();
    lives.order("want-reload", "api");
    renew(lives, "api@1");
    expect(lives.exit("api@2", 3)).toContain("api@1 handover 2 began i6 g3 as g1");
    expect(programs(lives)).toBe("i4 i2 i3");
    renew(lives, "api@1");
    expect([programs(lives), isRollingOut(entry(lives))]).toEqual(["i1 i2 i3", false]);
    expect(lives.state("api@1").handover.last).toMatchObject({ ticket: 2, result: "done", back: true });
  });

  test("goes back one instance at a time, and never with more than one process too many", () => {
    const lives = trio();
    lives.order("want-reload", "api");
    renew(lives, "api@1");
    renew(lives, "api@2");
    lives.exit("api@3", 1);
    expect(entry(lives).instances.map(({ phase }) => phase.tag)).toEqual(["replacing", "running", "running"]);
    renew(lives, "api@1");
    expect(entry(lives).instances.map(({ phase }) => phase.tag)).toEqual(["running", "replacing", "running"]);
    renew(lives, "api@2");
    expect(programs(lives)).toBe("i1 i2 i3");
  });

  test("waits with going back until the old generation of the one before has drained", () => {
    const lives = trio();
    lives.order("want-reload", "api@1");
    lives.order("want-reload", "api@2");
    lives.say("ready", "api@1");
    lives.pass(soakMs);
    expect(lives.state("api@1").leaving).toHaveLength(1);
    expect(lives.state("api@2").phase.tag).toBe("running");
  });
});

describe("who has gone back, or could not,", () => {
  test("is not brought back again when even the old program is refused", () => {
    const lives = trio();
    lives.order("want-reload", "api");
    renew(lives, "api@1");
    lives.exit("api@2", 3);
    expect(lives.exit("api@1", 4)).toContain("api@1 handover 2 kept-old i6 g3: exited with code 4 before it was ready");
    expect([programs(lives), isRollingOut(entry(lives))]).toEqual(["i4 i2 i3", false]);
  });

  test("goes along with the next rollout like everybody else", () => {
    const lives = trio();
    lives.order("want-reload", "api");
    renew(lives, "api@1");
    lives.exit("api@2", 3);
    renew(lives, "api@1");
    lives.now += 1;
    lives.order("want-reload", "api");
    for (const name of ["api@1", "api@2", "api@3"]) renew(lives, name);
    expect([programs(lives), isRollingOut(entry(lives))]).toEqual(["i7 i8 i9", false]);
  });
});

describe("whoever refused the rollout and is gone while the others go back", () => {
  /** The third has refused, and the first is on its way back. */
  const goingBack = (): Lives => {
    const lives = trio();
    lives.order("want-reload", "api");
    renew(lives, "api@1");
    renew(lives, "api@2");
    lives.exit("api@3", 1);
    return lives;
  };

  test("by a crash, does not keep the second from going back after the first", () => {
    const lives = goingBack();
    lives.exit("api@3", "SIGKILL");
    renew(lives, "api@1");
    renew(lives, "api@2");
    expect([programs(lives), isRollingOut(entry(lives))]).toEqual(["i1 i2 i8", false]);
  });

  test("by a crash after the first is back, does not either", () => {
    const lives = goingBack();
    renew(lives, "api@1");
    lives.exit("api@3", "SIGKILL");
    renew(lives, "api@2");
    expect(programs(lives)).toBe("i1 i2 i9");
  });

  test("because it was scaled away, does not either", () => {
    const lives = goingBack();
    lives.post({ tag: "scale", unit: "api", count: 2 });
    lives.exit("api@3", "SIGTERM");
    renew(lives, "api@1");
    renew(lives, "api@2");
    expect(entry(lives).instances.map((state) => short(mainRun(state)?.program.life ?? "none"))).toEqual(["i1", "i2"]);
  });

  test("before anybody went back, leaves the others where they are: it is one program", () => {
    const lives = trio();
    lives.order("want-reload", "api");
    renew(lives, "api@1");
    lives.say("ready", "api@2");
    lives.pass(soakMs);
    lives.order("want-down", "api@3");
    lives.exit("api@3", "SIGTERM");
    expect([programs(lives), isRollingOut(entry(lives))]).toEqual(["i4 i5 none", false]);
  });
});

describe("a newer wish", () => {
  test("goes before going back, since it may mend what was broken", () => {
    const lives = trio();
    lives.order("want-reload", "api");
    renew(lives, "api@1");
    lives.now += 1;
    lives.order("want-reload", "api");
    expect(lives.exit("api@2", 3)).toContain("api@1 handover 2 began i6 g3");
    for (const name of ["api@1", "api@2", "api@3"]) renew(lives, name);
    expect([programs(lives), isRollingOut(entry(lives))]).toEqual(["i6 i7 i8", false]);
  });

  test("that is refused too brings everybody back to what the oldest of them runs", () => {
    const lives = trio();
    lives.order("want-reload", "api");
    renew(lives, "api@1");
    lives.now += 1;
    lives.order("want-reload", "api");
    lives.exit("api@2", 3);
    expect(lives.exit("api@1", 3)).toContain("api@1 handover 3 began i7 g4 as g1");
    renew(lives, "api@1");
    expect([programs(lives), isRollingOut(entry(lives))]).toEqual(["i1 i2 i3", false]);
  });

  test("that is refused when nobody runs the oldest program any more brings everybody back to the one between", () => {
    const lives = trio();
    lives.order("want-reload", "api");
    renew(lives, "api@1");
    const second = replaced(lives, "api@2");
    lives.now += 1;
    lives.order("want-reload", "api");
    lives.exitOf(second);
    const first = replaced(lives, "api@1");
    lives.order("want-down", "api@3");
    lives.exit("api@3", "SIGTERM");
    lives.exitOf(first);
    expect(lives.exit("api@2", 3)).toContain("api@1 handover 3 began i8 g4 as g2");
    renew(lives, "api@1");
    expect([programs(lives), isRollingOut(entry(lives))]).toEqual(["i4 i5 none", false]);
  });

  test("to stop ends the rollout, and nobody goes back", () => {
    const lives = trio();
    lives.order("want-reload", "api");
    renew(lives, "api@1");
    lives.order("want-down", "api");
    expect(isRollingOut(entry(lives))).toBe(false);
    for (const name of ["api@1", "api@2", "api@2", "api@3"]) lives.exit(name, "SIGTERM");
    expect(lives.phases).toBe("api@1 inactive, api@2 inactive, api@3 inactive");
  });
});

describe("an instance that crashes in the middle", () => {
  test("goes back by its next start, and whoever asked is answered", () => {
    const lives = trio({ startLimitBurst: 0, restartMs: 5_000 });
    lives.order("want-reload", "api");
    renew(lives, "api@1");
    lives.exit("api@1", 9);
    expect(lives.state("api@1").phase.tag).toBe("waiting");
    expect(lives.exit("api@2", 3)).toContain("api@1 spawn i6 g2 as i1");
    expect([isRollingOut(entry(lives)), lives.state("api@1").phase.tag]).toEqual([false, "starting"]);
    lives.say("ready", "api@1");
    expect(programs(lives)).toBe("i1 i2 i3");
  });

  test("in success, and for good, has nothing to go back to", () => {
    const lives = trio({ restart: "on-failure" });
    lives.order("want-reload", "api");
    renew(lives, "api@1");
    lives.exit("api@1", 0);
    lives.exit("api@2", 3);
    expect([lives.state("api@1").phase.tag, isRollingOut(entry(lives))]).toEqual(["finished", false]);
  });
});

test("whoever asked for the rollout is answered when everybody is back", () => {
  const lives = trio();
  lives.order("want-reload", "api");
  const goal = { tag: "reloaded", tickets: { 1: 1, 2: 1, 3: 1 } } as const;
  renew(lives, "api@1");
  lives.exit("api@2", 3);
  expect(settled(lives.world, "api", goal)).toBeNull();
  renew(lives, "api@1");
  expect(settled(lives.world, "api", goal)).toMatchObject({ result: "kept-old", cause: { tag: "exited" } });
});

test("and hears who refused, and which instance could not go back", () => {
  const lives = trio();
  lives.order("want-reload", "api");
  renew(lives, "api@1");
  lives.exit("api@2", 3);
  lives.exit("api@1", 4);
  const goal = { tag: "reloaded", tickets: { 1: 1, 2: 1, 3: 1 } } as const;
  expect(settled(lives.world, "api", goal)).toMatchObject({
    result: "kept-old",
    cause: { tag: "exited", exit: { code: 3 } },
    stuck: [1],
  });
});

test("of one instance that was handed over alone, nobody else is asked", () => {
  const lives = trio();
  lives.order("want-reload", "api@2");
  renew(lives, "api@2");
  expect([programs(lives), isRollingOut(entry(lives))]).toEqual(["i1 i4 i3", false]);
});
