import { expect, test } from "bun:test";
import { createWorld } from "../../supervisor/core/world.ts";
import { adopt } from "../../supervisor/daemon/adopt.ts";
import { lifeAt } from "../core/stages.ts";
import { Fakes } from "./fakes.ts";

/** What is done about the process of another daemon. */
function adopted(found: "gone" | "alive"): readonly string[] {
  const { unit, state } = lifeAt("running");
  const fakes = new Fakes();
  fakes.processes.printed.add("i1");
  if (found === "alive") fakes.processes.left.set("i1", { tag: "alive", pid: 101 });
  const world = { ...createWorld([unit]), units: new Map([[unit.name, { unit, target: 1, instances: [state] }]]) };
  const { processes, outputs } = fakes;
  adopt(world, { saved: new Map(), isDone: () => true }, { processes, outputs, note: () => undefined });
  return fakes.log;
}

test("whoever is gone is written off after what he has printed last is kept", () => {
  expect(adopted("gone")).toEqual(["adopt i1", "output adopted api@1 i1", "flush i1", "let go i1"]);
});

test("whoever is there stays known to the next one", () => {
  expect(adopted("alive")).toEqual(["adopt i1", "output adopted api@1 i1"]);
});
