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

/** Every counter as it stands in an id, after the version. */
const COUNTERS = Array.from({ length: 0x1000 }, (_, counter) => `-7${counter.toString(16).padStart(3, "0")}-`);

function layOut(ms: number, counter: number): string {
  return head(ms) + COUNTERS[counter] + tail();
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

let tails: readonly string[] = [];
let at = 0;

/** Shape: `8b7c-2f5d0f5f8e21`; the first two bits are 10, as the variant has it. */
function tail(): string {
  if (at === tails.length) {
    tails = drawTails();
    at = 0;
  }
  return tails[at++] as string;
}

function drawTails(): readonly string[] {
  const drawn = randomBytes(DRAWN * BYTES_EACH);
  for (let n = 0; n < drawn.length; n += BYTES_EACH) drawn[n] = ((drawn[n] ?? 0) & 0x3f) | 0x80;
  const hex = drawn.toString("hex");
  return Array.from({ length: DRAWN }, (_, n) => {
    const from = n * 2 * BYTES_EACH;
    return `${hex.slice(from, from + 4)}-${hex.slice(from + 4, from + 2 * BYTES_EACH)}`;
  });
}
