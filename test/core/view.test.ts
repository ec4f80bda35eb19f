import { describe, expect, test } from "bun:test";
import type { Phase } from "../../supervisor/core/state.ts";
import { viewOf, worstView } from "../../supervisor/core/view.ts";
import type { ServiceType } from "../../supervisor/unit/unit.ts";
import { makeUnit } from "../support/units.ts";
import { Life } from "./life.ts";
import { lifeAt, phases } from "./stages.ts";

/** Started, its program runs, and nobody starts it again. */
const lifeOf = (type: ServiceType): Life => {
  const life = new Life(makeUnit("api", { service: { type, restart: "no" } }));
  life.start();
  life.spawned("i1", 5);
  return life;
};

describe("systemd's words", () => {
  const words: Readonly<Record<Phase["tag"], string>> = {
    inactive: "inactive dead",
    starting: "activating start",
    running: "active running",
    replacing: "reloading running",
    soaking: "reloading running",
    stopping: "deactivating stop-sigterm",
    waiting: "activating auto-restart",
    finished: "inactive dead",
    failed: "failed failed",
  };
  test.each(phases.map((tag) => [tag, words[tag]] as const))("%s is %s", (tag, text) => {
    const { activeState, subState } = viewOf(lifeAt(tag).state);
    expect(`${activeState} ${subState}`).toBe(text);
  });

  test("a oneshot whose work is done is active exited, and one that failed is failed", () => {
    const job = lifeOf("oneshot");
    expect(viewOf(job.state)).toEqual({ activeState: "activating", subState: "start" });
    job.exit("i1", 0);
    expect(viewOf(job.state)).toEqual({ activeState: "active", subState: "exited" });
    const failed = lifeOf("oneshot");
    failed.exit("i1", 1);
    expect(viewOf(failed.state)).toEqual({ activeState: "failed", subState: "failed" });
  });

  test("a service of another type that did its work and ended is inactive dead", () => {
    const life = lifeOf("simple");
    life.exit("i1", 0);
    expect(viewOf(life.state)).toEqual({ activeState: "inactive", subState: "dead" });
  });

  test("a stop after its limit is stop-sigkill", () => {
    const life = lifeAt("running", { timeoutStopMs: 500 });
    life.stop();
    life.pass(500);
    expect(viewOf(life.state)).toEqual({ activeState: "deactivating", subState: "stop-sigkill" });
  });

  test("a stop in which one of two processes had to be killed is stop-sigkill", () => {
    const life = lifeAt("soaking", { timeoutStopMs: 60_000 });
    life.pass(1_000);
    life.pass(10_000);
    life.stop();
    life.pass(20_000);
    expect(life.state.leaving.map(({ killed }) => killed)).toEqual([true, false]);
    expect(viewOf(life.state).subState).toBe("stop-sigkill");
  });

  test("a drain after a handover is plain running", () => {
    const life = lifeAt("soaking");
    life.pass(1_000);
    expect(life.state.leaving).toHaveLength(1);
    expect(viewOf(life.state)).toEqual({ activeState: "active", subState: "running" });
  });
});

describe("a unit's view is that of the instance furthest from serving:", () => {
  const gravity: readonly Phase["tag"][] = ["failed", "stopping", "starting", "replacing", "inactive", "running"];
  const pairs = gravity.flatMap((worse, index) => gravity.slice(index + 1).map((better) => [worse, better] as const));
  test.each(pairs)("%s before %s", (worse, better) => {
    const states = [lifeAt(better).state, lifeAt(worse).state];
    expect(worstView(states)).toEqual(viewOf(lifeAt(worse).state));
    expect(worstView(states.reverse())).toEqual(viewOf(lifeAt(worse).state));
  });

  test("one that was stopped, or has ended well, says nothing beside one that runs", () => {
    const stopped = lifeAt("running");
    stopped.stop();
    stopped.exit("i1", "SIGTERM");
    const serving = lifeAt("running").state;
    for (const idle of [stopped.state, lifeAt("finished").state]) {
      expect(viewOf(idle).activeState).toBe("inactive");
      expect(worstView([idle, serving])).toEqual(viewOf(serving));
      expect(worstView([idle])).toEqual(viewOf(idle));
    }
  });

  test("none without instances is inactive", () => {
    expect(worstView([])).toEqual({ activeState: "inactive", subState: "dead" });
  });
});
