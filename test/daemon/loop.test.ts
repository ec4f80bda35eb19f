import { describe, expect, test } from "bun:test";
import type { Event, ProcessFact } from "../../supervisor/core/event.ts";
import { runs } from "../../supervisor/core/state.ts";
import { createWorld, type Deed, type World, type WorldEvent } from "../../supervisor/core/world.ts";
import { createLoop, type Loop, type LoopOptions } from "../../supervisor/daemon/loop.ts";
import { makeUnit } from "../support/units.ts";
import { Fakes } from "./fakes.ts";

const units = [makeUnit("a", { service: { timeoutStartMs: 500, timeoutStopMs: 300 } }), makeUnit("b")];

function begin(change: Partial<LoopOptions> = {}) {
  const { clock } = new Fakes();
  const bugs: [unknown, WorldEvent][] = [];
  const loop = createLoop({
    world: createWorld(units),
    clock,
    dice: () => ({ roll: 0, nonce: "0".repeat(24) }),
    perform: () => {},
    turned: () => {},
    bug: (error, event) => bugs.push([error, event]),
    ...change,
  });
  return { loop, clock, bugs };
}

const order = (tag: Event["tag"], ...names: readonly string[]): WorldEvent => ({
  tag: "order",
  units: names,
  event: { tag } as Event,
});
const fact = (tag: "ready", invocation: string): WorldEvent => ({
  tag: "fact",
  fact: { tag, invocation } as ProcessFact,
});
const phaseOf = ({ world }: Pick<Loop, "world">, name: string) => world.units.get(name)?.instances[0]?.phase.tag;

describe("an event", () => {
  test("is decided before post returns", () => {
    const { loop } = begin();
    loop.post(order("want-up", "a"));
    expect(phaseOf(loop, "a")).toBe("starting");
  });

  test("is acted on before it is told of", () => {
    const tags: string[] = [];
    const { loop } = begin({ perform: ({ effect }) => tags.push(effect.tag) });
    loop.post(order("want-up", "a"));
    const told = tags.indexOf("report");
    expect(told).toBeGreaterThan(0);
    expect(tags.slice(told).every((tag) => tag === "report")).toBe(true);
  });

  test("that makes something due at once is followed by that, without a timer, in a turn of its own", () => {
    const seen: string[] = [];
    const perform = ({ effect }: Deed): void => void (effect.tag === "spawn" && seen.push("spawned"));
    const turned = (world: World): void => void seen.push(`turned: ${phaseOf({ world }, "c")}`);
    const service = { type: "simple", restartMs: 0 } as const;
    const { loop } = begin({ world: createWorld([makeUnit("c", { service })]), perform, turned });
    loop.post(order("want-up", "c"));
    const [state] = loop.world.units.get("c")?.instances ?? [];
    const invocation = (state && runs(state)[0]?.invocation) ?? "";
    loop.post({ tag: "fact", fact: { tag: "spawned", invocation, pid: 7 } });
    seen.length = 0;
    const exit = { by: "signal", signal: "SIGKILL", core: false } as const;
    loop.post({ tag: "fact", fact: { tag: "exited", invocation, exit, survivors: [] } });
    expect(seen).toEqual(["turned: waiting", "spawned", "turned: starting"]);
  });

  test("that fails again and again at once leaves the others their turn", () => {
    let spawns = 0;
    const service = { type: "simple", restartMs: 0, startLimitBurst: 0 } as const;
    const perform = ({ effect }: Deed): void => {
      if (effect.tag !== "spawn") return;
      spawns += 1;
      const refusal = { stage: "exec", code: "ENOENT", message: "no such file" } as const;
      loop.post({ tag: "fact", fact: { tag: "spawn-failed", invocation: effect.invocation, ...refusal } });
    };
    const { loop, clock } = begin({ world: createWorld([makeUnit("c", { service })]), perform });
    loop.post(order("want-up", "c"));
    expect(spawns).toBe(2);
    clock.ringEarly();
    expect(spawns).toBe(3);
  });

  test("that is posted during a turn is decided after it, in the order of posting", () => {
    const seen: string[] = [];
    const perform = ({ unit, effect }: Deed): void => {
      if (effect.tag !== "spawn") return;
      seen.push(`${unit} spawned, a ${phaseOf(loop, "a")}, b ${phaseOf(loop, "b")}`);
      loop.post(fact("ready", effect.invocation));
      seen.push(`${unit} posted, a ${phaseOf(loop, "a")}, b ${phaseOf(loop, "b")}`);
    };
    const { loop } = begin({ perform });
    loop.post(order("want-up", "a", "b"));
    expect(seen).toEqual([
      "a spawned, a starting, b starting",
      "a posted, a starting, b starting",
      "b spawned, a starting, b starting",
      "b posted, a starting, b starting",
    ]);
    expect([phaseOf(loop, "a"), phaseOf(loop, "b")]).toEqual(["running", "running"]);
  });

  test("and its followers are told as one turn, when all of them are decided", () => {
    const told: (string | undefined)[] = [];
    const perform = ({ effect }: Deed): void => {
      if (effect.tag === "spawn") loop.post(fact("ready", effect.invocation));
    };
    const turned = (world: World): void => void told.push(phaseOf({ world }, "a"));
    const { loop } = begin({ perform, turned });
    loop.post(order("want-up", "a"));
    expect(told).toEqual(["running"]);
  });
});

describe("a bug in one decision", () => {
  const broken = (): ReturnType<LoopOptions["dice"]> => {
    throw new Error("no dice");
  };

  test("is told with its event, changes nothing, and the loop goes on", () => {
    let dice = broken;
    const { loop, bugs } = begin({ dice: () => dice() });
    const before = loop.world;
    loop.post(order("want-up", "a"));
    expect(bugs).toEqual([[new Error("no dice"), order("want-up", "a")]]);
    expect(loop.world).toBe(before);
    dice = () => ({ roll: 0, nonce: "0".repeat(24) });
    loop.post(order("want-up", "a"));
    expect(phaseOf(loop, "a")).toBe("starting");
    expect(bugs).toHaveLength(1);
  });

  test("does not lose the events behind it", () => {
    let rolls = 0;
    const perform = ({ effect }: Deed): void => {
      if (effect.tag !== "spawn") return;
      loop.post(order("want-up", "b"));
      loop.post(fact("ready", effect.invocation));
    };
    const dice = () => (++rolls === 2 ? broken() : { roll: 0, nonce: "0".repeat(24) });
    const { loop, bugs } = begin({ perform, dice });
    loop.post(order("want-up", "a"));
    expect(bugs).toHaveLength(1);
    expect([phaseOf(loop, "a"), phaseOf(loop, "b")]).toEqual(["running", "inactive"]);
  });

  test("in a deed is told, the deeds behind it are done, and later events are decided", () => {
    const done: string[] = [];
    const perform = ({ effect }: Deed): void => {
      if (effect.tag === "spawn") throw new Error("no hands");
      done.push(effect.tag);
    };
    const { loop, bugs } = begin({ perform });
    loop.post(order("want-up", "a"));
    expect(bugs).toHaveLength(1);
    expect(done).toEqual(["report"]);
    loop.post(order("want-up", "b"));
    expect(phaseOf(loop, "b")).toBe("starting");
  });
});

describe("a wake-up", () => {
  test("is asked for at the next deadline, and for none when nothing is due", () => {
    const perform = ({ effect }: Deed): void => {
      if (effect.tag === "spawn") invocations.push(effect.invocation);
    };
    const invocations: string[] = [];
    const { loop, clock } = begin({ perform });
    loop.post(order("want-up", "a", "b"));
    expect(clock.asked).toEqual([500]);
    loop.post(fact("ready", invocations[0] ?? ""));
    loop.post(fact("ready", invocations[1] ?? ""));
    expect(clock.asked).toEqual([500, 30_000, null]);
  });

  test("does what is due at its instant, and asks for the next one", () => {
    const { loop, clock } = begin();
    loop.post(order("want-up", "a"));
    clock.advance(499);
    expect(phaseOf(loop, "a")).toBe("starting");
    clock.advance(1);
    expect(phaseOf(loop, "a")).toBe("stopping");
    expect(clock.asked).toEqual([500, 800]);
  });

  test("that comes too early is harmless and is asked for again", () => {
    const { loop, clock } = begin();
    loop.post(order("want-up", "a"));
    const before = loop.world;
    clock.ringEarly();
    expect(loop.world).toEqual(before);
    clock.advance(500);
    expect(phaseOf(loop, "a")).toBe("stopping");
  });
});

describe("a supervisor that has stood still", () => {
  /** One unit is starting; its time is up at 500, and nobody was awake until 2000. */
  function overslept() {
    const invocations: string[] = [];
    const perform = ({ effect }: Deed): void => void (effect.tag === "spawn" && invocations.push(effect.invocation));
    const { loop, clock } = begin({ perform });
    loop.post(order("want-up", "a"));
    clock.standStill(2_000);
    return { loop, clock, ready: () => loop.post(fact("ready", invocations[0] ?? "")) };
  }

  test("hears who has spoken meanwhile before anybody's time is up, and whoever was silent has had his", () => {
    const spoken = overslept();
    spoken.clock.advance(0);
    spoken.ready();
    spoken.clock.advance(1_000);
    expect(phaseOf(spoken.loop, "a")).toBe("running");
    const silent = overslept();
    silent.clock.advance(0);
    expect(phaseOf(silent.loop, "a")).toBe("starting");
    silent.clock.advance(100);
    expect(phaseOf(silent.loop, "a")).toBe("stopping");
  });

  test("hears the others, too, when another event comes first", () => {
    const { loop, clock, ready } = overslept();
    loop.post(order("want-up", "b"));
    expect(phaseOf(loop, "a")).toBe("starting");
    ready();
    clock.advance(1_000);
    expect(phaseOf(loop, "a")).toBe("running");
  });

  test("and does so again and again still comes to an end", () => {
    const { loop, clock } = overslept();
    clock.advance(0);
    clock.standStill(2_000);
    loop.post(order("want-up", "b"));
    expect(phaseOf(loop, "a")).toBe("stopping");
  });

  test("once before hears them this time as well", () => {
    const { loop, clock, ready } = overslept();
    clock.advance(0);
    ready();
    loop.post(order("want-up", "b"));
    clock.standStill(60_000);
    clock.advance(0);
    expect(phaseOf(loop, "b")).toBe("starting");
    clock.advance(100);
    expect(phaseOf(loop, "b")).toBe("stopping");
  });
});

describe("a loop that goes on where another was", () => {
  test("does what was decided, and nobody's time is up before all that has happened since was heard", () => {
    const invocations: string[] = [];
    const before = begin({ perform: ({ effect }) => effect.tag === "spawn" && invocations.push(effect.invocation) });
    before.loop.post(order("want-up", "a", "b"));
    const deeds: string[] = [];
    const world = before.loop.world;
    const { loop, clock } = begin({ world, perform: ({ unit, effect }) => deeds.push(`${effect.tag} ${unit}`) });
    const pending: Deed = {
      unit: "b",
      instance: 1,
      effect: { tag: "signal", invocation: "x", signal: "SIGHUP", scope: "main" },
    };
    clock.standStill(60_000);
    loop.resume([pending], () => {
      // Another one first: a is heard last, and was in time.
      loop.post(fact("ready", invocations[1] ?? ""));
      loop.post(fact("ready", invocations[0] ?? ""));
    });
    expect([phaseOf(loop, "a"), phaseOf(loop, "b"), deeds[0]]).toEqual(["running", "running", "signal b"]);
    const again = begin({ world });
    again.clock.standStill(60_000);
    again.loop.resume([], () => again.loop.post(fact("ready", invocations[1] ?? "")));
    expect([phaseOf(again.loop, "a"), phaseOf(again.loop, "b")]).toEqual(["stopping", "running"]);
  });
});

describe("where deeds take long", () => {
  /** Lets so many deeds be done in each slice; the next slice comes when the test says so. */
  class Steps {
    readonly done: string[] = [];
    readonly turns: string[] = [];
    readonly #slice: number;
    #left: number;
    #next: (() => void)[] = [];

    constructor(slice: number) {
      this.#slice = slice;
      this.#left = slice;
    }

    readonly perform = ({ unit, effect }: Deed): void => {
      this.#left--;
      if (effect.tag !== "report") this.done.push(`${effect.tag} ${unit}`);
    };
    readonly turned = (world: World): void => void this.turns.push(phaseOf({ world }, "a") ?? "");
    readonly pace = {
      isSpent: () => this.#left <= 0,
      resume: (work: () => void) => void this.#next.push(work),
      attend() {},
    };

    slice(): void {
      const [work, ...others] = this.#next;
      expect(others).toEqual([]);
      this.#next = [];
      this.#left = this.#slice;
      work?.();
    }
  }

  test("those beyond the slice wait for the next one, in order, and decisions do not", () => {
    const steps = new Steps(1);
    const { loop } = begin(steps);
    loop.post(order("want-up", "a", "b"));
    expect(steps.done).toEqual(["spawn a"]);
    loop.post(order("want-down", "a"));
    expect([phaseOf(loop, "a"), phaseOf(loop, "b")]).toEqual(["stopping", "starting"]);
    expect(steps.done).toEqual(["spawn a"]);
    for (let count = 0; count < 6; count++) steps.slice();
    expect(steps.done).toEqual(["spawn a", "spawn b", "signal a"]);
  });

  test("all is known to be done before anything of it is told, and not while one is still to be done", () => {
    const steps = new Steps(1);
    const { loop } = begin({ ...steps, allDone: () => steps.done.push("all done") });
    loop.post(order("want-up", "a", "b"));
    expect(steps.done).toEqual(["spawn a"]);
    steps.slice();
    expect(steps.done).toEqual(["spawn a", "spawn b", "all done"]);
    expect(steps.turns).toEqual([]);
  });

  test("a turn is told when its deeds are done", () => {
    const steps = new Steps(3);
    const { loop } = begin(steps);
    loop.post(order("want-up", "a", "b"));
    expect(steps.turns).toEqual([]);
    steps.slice();
    expect(steps.turns[0]).toBe("starting");
  });

  test("the end of everything does all that is left", () => {
    const steps = new Steps(1);
    const { loop } = begin(steps);
    loop.post(order("want-up", "a", "b"));
    loop.finish();
    expect(steps.done).toEqual(["spawn a", "spawn b"]);
    steps.slice();
    expect(steps.done).toEqual(["spawn a", "spawn b"]);
  });
});
