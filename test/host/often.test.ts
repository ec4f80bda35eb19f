import { expect, test } from "bun:test";
import { lookOften } from "../../supervisor/host/often.ts";
import { within } from "../support/within.ts";

test("all looks are had at one time, one after the other, until they are ended", async () => {
  const order: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const keep = setInterval(() => undefined, 1000);
  const ends = [
    lookOften(() => order.push("first")),
    lookOften(() => order.push("ended")),
    lookOften(() => {
      order.push("last");
      queueMicrotask(resolve);
    }),
  ];
  ends[1]?.();
  try {
    await within(promise, 10_000, "it is looked");
    expect(order).toEqual(["first", "last"]);
  } finally {
    for (const end of ends) end();
    clearInterval(keep);
  }
}, 15_000);
