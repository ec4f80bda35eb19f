import { expect, test } from "bun:test";
import { isQuiet, isTooOften, noTellings } from "../../supervisor/host/busy.ts";

test("seventeen tellings within ten milliseconds are too many, however many there were before", () => {
  const tellings = noTellings();
  for (let ms = 0; ms < 1000; ms += 1) expect(isTooOften(tellings, ms)).toBe(false);
  const burst = Array.from({ length: 17 }, () => isTooOften(tellings, 2000));
  expect(burst.indexOf(true)).toBe(16);
});

test("five looks in vain in a row are quiet, and one with something in it begins anew", () => {
  const tellings = noTellings();
  const looks = [false, false, false, false, true, false, false, false, false, false];
  expect(looks.map((hasMore) => isQuiet(tellings, hasMore)).indexOf(true)).toBe(9);
});
