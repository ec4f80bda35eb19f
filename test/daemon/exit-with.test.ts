import { expect, test } from "bun:test";
import { exitWith, type LastWord } from "../../supervisor/daemon/exit-with.ts";
import type { SignalName, Unit } from "../../supervisor/unit/unit.ts";
import { makeUnit } from "../support/units.ts";
import { Rig } from "./rig.ts";

const task = makeUnit("task", { service: { type: "oneshot", restart: "no" } });
const other = makeUnit("other");

type Followed = Readonly<{ rig: Rig; word: LastWord; over: AbortController }>;

/** The task is to be the end of everything; the other one runs beside it. */
async function followed(unit: Unit = task, ...more: readonly Unit[]): Promise<Followed> {
  const rig = new Rig(unit, other, ...more);
  await rig.up("other");
  const over = new AbortController();
  return { rig, word: exitWith(rig.desk, "task", over.signal), over };
}

/** Lets whatever waits for a happening hear of it. */
const heard = () => new Promise((resolve) => setImmediate(resolve));

for (const [how, code] of [
  [0, 0],
  [7, 7],
  ["SIGKILL", 137],
  ["SIGTERM", 143],
  ["SIGRTMIN+3", 165],
] as const) {
  test(`after ${how} everything is stopped, and the code is ${code}`, async () => {
    const { rig, word, over } = await followed();
    rig.exit("task", how as number | SignalName);
    await heard();
    expect(rig.unit("other").wanted).toBe("down");
    expect(word.code()).toBe(code);
    over.abort();
  });
}

test("a service that is started again has not ended; the end that counts is the last", async () => {
  const service = { restart: "always", startLimitBurst: 2, restartMs: 100 } as const;
  const { rig, word, over } = await followed(makeUnit("task", { service: { type: "simple", ...service } }));
  rig.exit("task", 3);
  await heard();
  expect(rig.unit("other").wanted).toBe("up");
  rig.advance(100);
  rig.exit("task", 4);
  await heard();
  expect([rig.unit("task").result, rig.unit("other").wanted, word.code()]).toEqual(["start-limit-hit", "down", 4]);
  over.abort();
});

test("of several instances all have to end, and the last one's code counts", async () => {
  const { rig, word, over } = await followed(makeUnit("task", { service: { ...task.service, instances: 2 } }));
  rig.exit("task@1", 0);
  await heard();
  expect(rig.unit("other").wanted).toBe("up");
  rig.advance(1);
  rig.exit("task@2", 9);
  await heard();
  expect([rig.unit("other").wanted, word.code()]).toEqual(["down", 9]);
  over.abort();
});

test("a stop by an operator is no end", async () => {
  const { rig, word, over } = await followed(makeUnit("task", { service: { type: "simple" } }));
  const stopped = rig.order({ tag: "stop", units: ["task"], cascade: false });
  rig.exit("task", "SIGKILL");
  await stopped;
  await heard();
  expect([rig.unit("other").wanted, word.code()]).toEqual(["up", 0]);
  over.abort();
});

test("what cannot start, since what it requires has failed, has ended with 1", async () => {
  const service = { type: "simple", restart: "no" } as const;
  const needy = makeUnit("task", { requires: ["db"], service });
  const { rig, word, over } = await followed(needy, makeUnit("db", { service: { type: "notify", restart: "no" } }));
  rig.exit("db", 2);
  await heard();
  expect([rig.unit("other").wanted, word.code()]).toEqual(["down", 1]);
  over.abort();
});

test("a failure whose exit code is 0 is 1", async () => {
  const { rig, word, over } = await followed(makeUnit("task", { service: { type: "notify", restart: "no" } }));
  rig.exit("task", 0);
  await heard();
  expect([rig.unit("task").result, word.code()]).toEqual(["protocol", 1]);
  over.abort();
});
