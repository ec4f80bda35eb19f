import { expect, test } from "bun:test";
import { createTurnstile } from "../../../bench/soak/turnstile.ts";

test("whoever wants to be alone waits for those who are inside, and keeps the others out; a failure lets the next one in", async () => {
  const { beside, alone } = createTurnstile();
  const told: string[] = [];
  const doors = Array.from({ length: 4 }, () => Promise.withResolvers<void>());
  const guest = (name: string, index: number) => async () => {
    told.push(`${name} in`);
    await doors[index]?.promise;
    told.push(`${name} out`);
    if (name === "hermit") throw new Error("hermit fell");
  };
  const first = beside(guest("first", 0));
  const second = beside(guest("second", 1));
  const hermit = alone(guest("hermit", 2)).catch(String);
  const late = beside(guest("late", 3));
  doors[1]?.resolve();
  await second;
  expect(told).toEqual(["first in", "second in", "second out"]);
  doors[0]?.resolve();
  doors[2]?.resolve();
  doors[3]?.resolve();
  expect(await hermit).toBe("Error: hermit fell");
  await Promise.all([first, late]);
  expect(told.slice(3)).toEqual(["first out", "hermit in", "hermit out", "late in", "late out"]);
});
