import { expect, test } from "bun:test";
import type { Giver } from "../../supervisor/daemon/ports.ts";
import type { WhyEntry } from "../../supervisor/unit/why.ts";
import { makeUnit } from "../support/units.ts";
import { Rig } from "./rig.ts";

const root: Giver = { tag: "client", user: "root", uid: 0, pid: 41, command: "supervisor stop redis --cascade" };

/** Shape: `service.exited: exited with code 3`, newest first. */
const story = (rig: Rig, unit: string): readonly string[] =>
  rig.daemon.history(unit).map(({ event, why }) => (why === null ? event : `${event}: ${why}`));
const find = (rig: Rig, unit: string, event: string): WhyEntry | undefined =>
  rig.daemon.history(unit).find((entry) => entry.event === event);

test("a crash is told with its last words, its pause, and which attempt comes after it", async () => {
  const rig = new Rig(makeUnit("api"));
  const booted = rig.daemon.boot();
  rig.ready("api");
  await booted;
  rig.fakes.outputs.tails.set(rig.newest("api"), ["one", "boom"]);
  rig.exit("api", 3);
  rig.advance(200);
  expect(story(rig, "api")).toEqual([
    "service.starting: attempt 2 of a burst of 5",
    "service.restart-due",
    "service.stopping: exited with code 3",
    "service.exited: exited with code 3",
    "service.ready",
    "service.starting: the supervisor started",
  ]);
  expect(find(rig, "api", "service.exited")).toMatchObject({
    output: ["one", "boom"],
    cause: { tag: "exit", code: 3 },
  });
});

test("an order names who gave it, for all whom it moves", async () => {
  const rig = new Rig(makeUnit("redis"), makeUnit("api", { requires: ["redis"] }));
  await rig.up("redis", "api");
  const given = rig.desk.order({ tag: "stop", units: ["redis"], cascade: true }, root);
  rig.exit("api", "SIGTERM");
  rig.exit("redis", 0);
  if (given.ok) await given.value;
  expect(find(rig, "redis", "service.stopping")?.cause).toMatchObject({ tag: "manual", order: "stop", pid: 41 });
  expect(find(rig, "api", "service.stopping")?.cause).toMatchObject({
    ...{ tag: "dependency", unit: "redis", relation: "requires" },
    because: [{ tag: "manual", order: "stop", user: "root" }],
  });
});

test("a unit that is bound to another goes and comes back with it, and says so", async () => {
  const rig = new Rig(makeUnit("redis"), makeUnit("api", { bindsTo: ["redis"] }));
  await rig.up("redis", "api");
  rig.exit("redis", 1);
  rig.exit("api", 0);
  rig.advance(200);
  rig.ready("redis");
  const [again] = story(rig, "api");
  expect(again).toBe("service.starting: redis (binds_to) is up again");
  expect(find(rig, "api", "service.stopping")).toMatchObject({
    why: "redis (binds_to) exited with code 1",
    cause: { tag: "dependency", unit: "redis", relation: "binds_to", because: [{ tag: "exit", code: 1 }] },
  });
});

test("a handover names who wanted it, and why the old generation stayed", async () => {
  const rig = new Rig(makeUnit("api"));
  await rig.up("api");
  const given = rig.desk.order({ tag: "reload", units: null }, { tag: "signal", signal: "SIGUSR2" });
  rig.exit("api", 9);
  if (given.ok) await given.value;
  expect(find(rig, "api", "handover.began")?.cause).toMatchObject({ tag: "daemon-signal", signal: "SIGUSR2" });
  expect(find(rig, "api", "handover.kept-old")).toMatchObject({
    why: "exited with code 9 before it was ready",
    cause: { tag: "exit", code: 9, ready: false },
  });
});

test("the event stream and the journal tell the same cause", async () => {
  const rig = new Rig(makeUnit("api"));
  await rig.up("api");
  rig.desk.order({ tag: "stop", units: ["api"], cascade: false }, root);
  const over = new AbortController();
  for await (const { event, cause } of rig.desk.happenings(0, over.signal)) {
    if (event !== "service.stopping") continue;
    expect(cause).toMatchObject({ tag: "manual", order: "stop", pid: 41 });
    break;
  }
  expect(rig.told.find(({ event }) => event === "service.stopping")?.text).toBe(
    "stopping: stop by root (pid 41: supervisor stop redis --cascade)",
  );
});

test("what is not written yet is written when the daemon closes", async () => {
  const rig = new Rig(makeUnit("api"));
  await rig.up("api");
  expect(rig.history.read("api")).toBe("");
  rig.daemon.close();
  expect(rig.history.read("api").split("\n").length).toBe(3);
});
