import { expect, test } from "bun:test";
import { Looks } from "../../supervisor/host/looks.ts";

test("of two looks that are asked for the sooner one is made, and no other", async () => {
  const looked = Promise.withResolvers<number>();
  const beganAtMs = performance.now();
  let count = 0;
  const looks = new Looks(() => {
    count++;
    looked.resolve(performance.now() - beganAtMs);
  });
  looks.later(60_000);
  looks.later(2);
  looks.later(30_000);
  expect(await looked.promise).toBeLessThan(20_000);
  looks.close();
  expect(count).toBe(1);
});
