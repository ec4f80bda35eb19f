import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { canMakeIn } from "./can-make.ts";
import { type Finding, warn, well } from "./finding.ts";

const check = "cgroup v2";
/** The keys of a unit file by the controller that it takes. */
const keyOf = { memory: "memory_max", cpu: "cpu_quota", pids: "tasks_max" } as const;
const all = Object.keys(keyOf) as readonly (keyof typeof keyOf)[];

const delegate = "let systemd delegate it (Delegate=yes, which `supervisor generate systemd` writes), or run as root";
const unify = "boot with systemd.unified_cgroup_hierarchy=1";
const enable = "let whoever started this container or service hand them down (Delegate=yes in systemd)";

type Read = (path: string) => string;

/** Looks whether a group for each service could be made below the one that this process is in, and what can be limited there. */
export function checkCgroup(read: Read = (path) => readFileSync(path, "utf8")): Finding {
  const without = "memory_max, cpu_quota and tasks_max have no effect; a stop finds its processes by their kinship";
  const group = ownGroup(read);
  if (group === null) return warn(check, `is not mounted: ${without}`, `${unify}, or mount cgroup2`);
  if (!canMakeIn(group)) return warn(check, `${group} is not writable: ${without}`, delegate);
  const there = read(join(group, "cgroup.controllers")).trim().split(" ");
  const missing = all.filter((name) => !there.includes(name));
  if (missing.length === 0) return well(check, `${group} is writable; memory_max, cpu_quota and tasks_max hold`);
  const held = all.filter((name) => there.includes(name));
  const holds = held.length === 0 ? "" : `${keys(held)} ${held.length === 1 ? "holds" : "hold"}, `;
  const lost = `${keys(missing)} ${missing.length === 1 ? "has" : "have"} no effect`;
  const old = missing.filter((name) => isOnVersion1(name, read));
  const why = old.length > 0 ? ` (${old.join(", ")} ${old.length === 1 ? "is" : "are"} mounted as v1)` : "";
  const detail = `${group} is writable; ${holds}${lost}: it lacks the controllers ${missing.join(", ")}${why}`;
  return warn(check, detail, old.length > 0 ? unify : enable);
}

/** Shape: `memory_max, tasks_max`. */
function keys(controllers: readonly (keyof typeof keyOf)[]): string {
  return controllers.map((name) => keyOf[name]).join(", ");
}

/** Shape of a line: `4:memory:/x`, `2:cpu,cpuacct:/`. A controller is in one hierarchy at a time. */
function isOnVersion1(controller: string, read: Read): boolean {
  const lines = read("/proc/self/cgroup").split("\n");
  return lines.some((line) => line.split(":")[1]?.split(",").includes(controller));
}

/** The folder of the own group; null without cgroup v2. */
function ownGroup(read: Read): string | null {
  try {
    const mount = / (\S+) \S+ - cgroup2 /.exec(
      read("/proc/self/mountinfo").replaceAll(/(?: \S+:\S+)+(?= - )/g, ""),
    )?.[1];
    const own = /^0::(.*)$/m.exec(read("/proc/self/cgroup"))?.[1];
    return mount === undefined || own === undefined ? null : resolve(join(mount, own));
  } catch {
    return null; // Without /proc there is nothing to find.
  }
}
