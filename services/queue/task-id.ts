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

/** Random bytes are drawn for so many ids at once: the system is asked seldom. */
const DRAWN = 512;
const BYTES_EACH = 8;

function layOut(ms: number, counter: number): string {
  return `${head(ms)}-7${counter.toString(16).padStart(3, "0")}-${tail()}`;
}

let headMs = -1;
let headText = "";

/** Shape: `019aa3f0-6c1e`; most ids share it with the one before. */
function head(ms: number): string {
  if (ms === headMs) return headText;
  const time = ms.toString(16).padStart(12, "0");
  headMs = ms;
  headText = `${time.slice(0, 8)}-${time.slice(8)}`;
  return headText;
}

let drawn = Buffer.alloc(0);
let at = 0;

/** Shape: `8b7c-2f5d0f5f8e21`; the first two bits are 10, as the variant has it. */
function tail(): string {
  if (at === drawn.length) {
    drawn = randomBytes(DRAWN * BYTES_EACH);
    at = 0;
  }
  drawn[at] = ((drawn[at] ?? 0) & 0x3f) | 0x80;
  const hex = drawn.toString("hex", at, at + BYTES_EACH);
  at += BYTES_EACH;
  return `${hex.slice(0, 4)}-${hex.slice(4)}`;
}
