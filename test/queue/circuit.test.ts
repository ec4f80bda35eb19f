import { expect, test } from "bun:test";
import { guard } from "../../services/queue/circuit.ts";
import { MemoryQueue } from "../../services/queue/memory.ts";
import { QueueFull, QueueUnavailable } from "../../services/queue/queue.ts";
import { eventually } from "../support/eventually.ts";

/** A store that can be taken away. `asked`: how often it was asked. */
class Fickle extends MemoryQueue {
  isAway = false;
  asked = 0;

  override async get(id: string) {
    this.asked += 1;
    if (this.isAway) throw new QueueUnavailable("away");
    return super.get(id);
  }
}

const outcome = (asking: Promise<unknown>) => asking.catch((error: unknown) => error);

test("a store that was away three times in a row is not asked for a while, and then once, and again when it answers", async () => {
  const store = new Fickle();
  const { queue, circuit } = guard(store);
  store.isAway = true;
  for (let n = 0; n < 10; n += 1) expect(await outcome(queue.get("x"))).toBeInstanceOf(QueueUnavailable);
  expect([store.asked, circuit()]).toEqual([3, "open"]);
  const isTried = async () => {
    await outcome(queue.get("x"));
    return store.asked > 3;
  };
  await eventually(isTried, 10_000, "another try");
  expect([store.asked, circuit()]).toEqual([4, "open"]);
  store.isAway = false;
  await eventually(async () => (await outcome(queue.get("x"))) === null, 10_000, "an answer");
  expect(circuit()).toBe("closed");
});

test("what the queue itself refuses does not open the circuit, and an outcome passes an open one", async () => {
  const store = new Fickle({ maxPending: 1 });
  const { queue, circuit } = guard(store);
  await queue.enqueue({ type: "t", payload: 1 });
  for (let n = 0; n < 5; n += 1) {
    expect(await outcome(queue.enqueue({ type: "t", payload: 1 }))).toBeInstanceOf(QueueFull);
  }
  expect(circuit()).toBe("closed");
  const taken = await queue.take("w", 1_000);
  store.isAway = true;
  for (let n = 0; n < 3; n += 1) await outcome(queue.get("x"));
  expect(circuit()).toBe("open");
  expect(taken && (await queue.done(taken, 1))).toBe(true);
});
