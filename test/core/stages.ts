import type { Phase } from "../../supervisor/core/state.ts";
import type { Service } from "../../supervisor/unit/unit.ts";
import { makeUnit } from "../support/units.ts";
import { Life } from "./life.ts";

/**
 * An instance in the given phase, wanted up, on the way that leads there most plainly.
 * Shape: its serving process is `i1`; in a handover `i2` is the new one.
 */
export function lifeAt(tag: Phase["tag"], service: Partial<Service> = {}): Life {
  const policy = tag === "finished" || tag === "failed" ? "no" : "always";
  const life = new Life(makeUnit("api", { service: { restart: policy, ...service } }));
  if (tag === "inactive") {
    life.send({ tag: "want-up" });
    return life;
  }
  if (tag === "starting") {
    life.start();
    return life;
  }
  life.up();
  if (tag === "replacing" || tag === "soaking") life.reload();
  if (tag === "soaking") life.ready("i2");
  if (tag === "stopping") life.restart();
  if (tag === "waiting" || tag === "failed") life.exit("i1", 1);
  if (tag === "finished") life.exit("i1", 0);
  return life;
}

export const phases: readonly Phase["tag"][] = [
  "inactive",
  "starting",
  "running",
  "replacing",
  "soaking",
  "stopping",
  "waiting",
  "finished",
  "failed",
];
