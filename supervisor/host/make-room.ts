import { readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { foldersFrom } from "./group.ts";
import { findGroupPlace, type GroupPlace } from "./group-place.ts";

/** Where systemd puts what it runs beside the main process of a service whose group is delegated. */
const CONTROL = ".control";

/**
 * Takes back the controllers that a supervisor has handed down to its services' groups, from within `ExecStopPost=`.
 * Why: a group that hands controllers down takes no process, so systemd could not start the supervisor again beside the services that have
 * outlived it. Their limits are gone until it goes on with them. Source: cgroups(7), "no internal processes".
 */
export function makeRoom(place: GroupPlace | null = findGroupPlace()): void {
  if (place === null || basename(place.name) !== CONTROL) return;
  // A group cannot take back what one below it hands down.
  for (const folder of foldersFrom(dirname(place.folder)).toReversed())
    takeBack(join(folder, "cgroup.subtree_control"));
}

function takeBack(file: string): void {
  try {
    const controllers = readFileSync(file, "utf8").split(/\s+/).filter(Boolean);
    if (controllers.length > 0) writeFileSync(file, controllers.map((controller) => `-${controller}`).join(" "));
  } catch {
    // It is gone, or not ours to write.
  }
}
