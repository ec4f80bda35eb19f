import { expect, test } from "bun:test";
import { Heap } from "../../services/queue/heap.ts";

test("items come out in order, however they went in", () => {
  let seed = 7;
  const next = () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed;
  };
  for (let round = 0; round < 50; round += 1) {
    const heap = new Heap<number>((a, b) => a < b);
    const rest: number[] = [];
    for (let turn = 0; turn < 60; turn += 1) {
      if (next() % 3 > 0) {
        const item = next() % 20;
        heap.push(item);
        rest.push(item);
      } else {
        rest.sort((a, b) => a - b);
        expect(heap.peek()).toBe(rest[0] as number);
        expect(heap.pop()).toBe(rest.shift() as number);
      }
      expect(heap.size).toBe(rest.length);
      expect([...heap.values()].sort((a, b) => a - b)).toEqual([...rest].sort((a, b) => a - b));
    }
  }
});
