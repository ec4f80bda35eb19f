import { expect, test } from "bun:test";
import { Lanes } from "../../services/queue/lanes.ts";
import { createRandom } from "../sim/random.ts";

type Item = Readonly<{ task: { priority: number }; dueAt: number }>;

const earlier = (a: Item, b: Item) => a.dueAt < b.dueAt;
const urgency = (a: Item, b: Item) => b.task.priority - a.task.priority || a.dueAt - b.dueAt;

test("whatever comes in, in whatever order, the most urgent one comes out", () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const draw = createRandom(seed);
    const lanes = new Lanes(earlier);
    const waiting: Item[] = [];
    for (let n = 0; n < 5_000; n += 1) {
      if (draw.below(5) < 3) {
        // Mostly at the end, as in a queue; now and then somebody whose time was before.
        const item = {
          task: { priority: draw.below(3) },
          dueAt: draw.below(8) === 0 ? draw.below(n * 10 + 1) : n * 10,
        };
        lanes.push(item);
        waiting.push(item);
        continue;
      }
      waiting.sort(urgency);
      const wanted = waiting.shift();
      expect(lanes.peek()).toEqual(wanted);
      expect(lanes.pop()).toEqual(wanted);
    }
    expect([...lanes.values()].sort(urgency)).toEqual(waiting.sort(urgency));
  }
});
