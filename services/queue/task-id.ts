import { randomBytes } from "node:crypto";

/**
 * Makes task ids: UUIDs of version 7, in strictly rising order within one maker.
 * Shape: `019aa3f0-6c1e-7000-8b7c-2f5d0f5f8e21`; the order of the text is the order of making.
 * Source: RFC 9562 §5.7, with the monotonic counter of §6.2 (method 1) in rand_a.
 * Why: the id is the cursor of `GET /tasks?after=`; a clock that jumps back must not break the order.
 */
export function taskIds(now: () => number): () => string {
  let lastMs = 0;
  let counter = 0;
  return () => {
    const ms = now();
    if (ms > lastMs) {
      lastMs = ms;
      counter = 0;
    } else if (++counter > 0xfff) {
      lastMs += 1;
      counter = 0;
    }
    return layOut(lastMs, counter);
  };
}

function layOut(ms: number, counter: number): string {
  const time = ms.toString(16).padStart(12, "0");
  const random = randomBytes(8);
  random[0] = ((random[0] ?? 0) & 0x3f) | 0x80;
  const tail = random.toString("hex");
  const head = `${time.slice(0, 8)}-${time.slice(8)}-7${counter.toString(16).padStart(3, "0")}`;
  return `${head}-${tail.slice(0, 4)}-${tail.slice(4)}`;
}
