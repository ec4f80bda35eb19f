import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { createPace } from "../../supervisor/host/pace.ts";
import { runDeno } from "../support/run-deno.ts";

const script = fileURLToPath(new URL("paced.ts", import.meta.url));

const runs = {
  bun: () => spawnSync(process.execPath, [script], { encoding: "utf8", timeout: 30_000 }).stdout,
  deno: () => runDeno(script, [], 30_000),
};

for (const [runtime, run] of Object.entries(runs)) {
  test(`sockets have their turn between two slices of work: ${runtime}`, () => {
    const { slices, answeredAfter } = JSON.parse(run()) as { slices: number; answeredAfter: number };
    expect(slices).toBeGreaterThan(100);
    // Connecting, sending, reading and answering take a turn each.
    expect(answeredAfter).toBeLessThan(50);
  }, 40_000);
}

test("a pause is longer when somebody has just asked something", async () => {
  const order: string[] = [];
  const paused = (name: string, pace: ReturnType<typeof createPace>): Promise<void> =>
    new Promise((resolve) => {
      pace.resume(() => {
        order.push(name);
        resolve();
      });
    });
  const [alone, asked] = [createPace(), createPace()];
  asked.attend();
  await Promise.all([paused("asked", asked), paused("alone", alone)]);
  expect(order).toEqual(["alone", "asked"]);
});

test("a slice is shorter when somebody has just asked something", () => {
  const length = (isAsked: boolean): number => {
    const pace = createPace();
    if (isAsked) pace.attend();
    const beganAt = performance.now();
    while (!pace.isSpent());
    return performance.now() - beganAt;
  };
  // The shortest of a few: the machine may stand still in any of them.
  const shortest = (isAsked: boolean): number => Math.min(...[1, 2, 3, 4, 5].map(() => length(isAsked)));
  expect(shortest(true)).toBeLessThan(shortest(false));
});

test("whoever has more to do gets one slice together, and who came last comes first the next time", async () => {
  const pace = createPace();
  const order: string[] = [];
  const done = Promise.withResolvers<void>();
  const again = (name: string) => (): void => {
    order.push(name);
    if (order.length < 6) pace.resume(again(name));
    else done.resolve();
  };
  for (const name of ["a", "b", "c"]) pace.resume(again(name));
  await done.promise;
  expect(order.join("")).toBe("cbaabc");
});
