import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { findGroupPlace } from "../../../supervisor/host/group-place.ts";
import { createGroups } from "../../../supervisor/host/groups.ts";
import type { Case } from "../../support/case.ts";
import { eventually } from "../../support/eventually.ts";
import { type Rig, withRig } from "./rig.ts";

const LIMIT_MS = 10_000;

/** More than any program of a test takes. */
export const limits = { memoryMaxBytes: 2 ** 30, cpuQuotaPercent: Infinity, tasksMax: Infinity };

/** What a shell script waits with until it was brought into its group. */
export const BROUGHT = "until grep -q /supervisor- /proc/self/cgroup; do sleep 0.01; done; ";

/** Forks twice with a session of its own in between, as a classic daemon does; it is alone when it writes down who it is. */
export const DAEMON = `use POSIX; exit if fork; POSIX::setsid(); $p = $$; exit if fork; 1 while getppid == $p; open F, ">pid.new"; print F $$; close F; rename "pid.new", "pid"; alarm 60; `;

/** A case that needs control groups. Where they cannot be made it is passed over, and says so. */
export function inGroups(promise: string, use: (rig: Rig) => Promise<void>): Case {
  const run = async (): Promise<void> => {
    const groups = createGroups({ note: () => undefined });
    groups?.close();
    if (!groups) return console.error(`not run, since no control group can be made here: ${promise}`);
    await withRig(use, { grouped: true });
    await eventually(() => !existsSync(ownFolder()), LIMIT_MS, "the supervisor's own folder is gone");
  };
  return { promise, run };
}

export function ownFolder(): string {
  return join(findGroupPlace()?.folder ?? "", `supervisor-${process.pid}`);
}
