import { expect, test } from "bun:test";
import type { Taken, Task } from "../../services/queue/queue.ts";
import { type Standing, sortOut } from "../../services/worker/sort-out.ts";

const free: Standing = { running: 0, singly: 0, isDraining: false };
const leaseExpired = { code: "lease-expired", message: "" };

const taken = (name: string, task: Partial<Task> = {}): Taken => ({
  lease: name,
  task: { id: name, error: null, attempts: 1, max_attempts: 2, ...task } as Task,
});
const fresh = taken("fresh");
const again = taken("again", { attempts: 2, error: { code: "network", message: "" } });
const early = taken("early", { attempts: 1, max_attempts: 3, error: leaseExpired });
const last = taken("last", { attempts: 2, error: leaseExpired });

const sorted = (given: readonly Taken[], standing: Partial<Standing> = {}) => {
  const { back, ready, next } = sortOut(given, { ...free, ...standing });
  const names = (list: readonly Taken[]) => list.map(({ lease }) => lease).join(" ");
  return [names(back), names(ready), next];
};

test.each([
  ["nothing", [], {}, ["", "", 0]],
  ["whoever need not be alone", [fresh, again, early], { running: 1 }, ["", "fresh again early", 0]],
  ["one that must be alone, and is", [last], {}, ["", "last", 0]],
  ["one that must be alone, among others", [fresh, last, again], {}, ["last", "fresh again", 3]],
  ["one that must be alone, beside one that runs", [last], { running: 1 }, ["last", "", 1]],
  ["several that must be alone", [last, last], {}, ["last last", "", 2]],
  ["one of those that are taken one by one", [fresh], { singly: 3 }, ["", "fresh", 2]],
  ["the last of those", [last], { singly: 1 }, ["", "last", 0]],
  ["nothing, when more of those were expected", [], { singly: 3 }, ["", "", 0]],
  ["anything in a drain", [fresh, last], { isDraining: true }, ["fresh last", "", 2]],
] as const)("given %s", (_, given, standing, wanted) => {
  expect(sorted(given, standing)).toEqual([...wanted]);
});
