import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { canMakeIn } from "./can-make.ts";
import { type Finding, warn, well } from "./finding.ts";

const check = "cgroup v2";
const without = "memory_max, cpu_quota and tasks_max have no effect; a stop ends process groups and sessions instead";

/** Looks whether a group for each service could be made below the one that this process is in. */
export function checkCgroup(read: (path: string) => string = (path) => readFileSync(path, "utf8")): Finding {
  const group = ownGroup(read);
  if (group === null) {
    return warn(check, `is not mounted: ${without}`, "boot with systemd.unified_cgroup_hierarchy=1, or mount cgroup2");
  }
  if (!canMakeIn(group)) return warn(check, `${group} is not writable: ${without}`, fix);
  const controllers = read(join(group, "cgroup.controllers")).trim().split(" ");
  const missing = ["memory", "cpu", "pids"].filter((name) => !controllers.includes(name));
  if (missing.length === 0) return well(check, `${group} is writable, with the controllers memory, cpu and pids`);
  const detail = `${group} is writable, but lacks the controllers ${missing.join(", ")}: ${lost(missing)} no effect`;
  return warn(check, detail, fix);
}

const keyOf: Readonly<Record<string, string>> = { memory: "memory_max", cpu: "cpu_quota", pids: "tasks_max" };

function lost(controllers: readonly string[]): string {
  return `${controllers.map((name) => keyOf[name]).join(", ")} ${controllers.length === 1 ? "has" : "have"}`;
}

const fix = "let systemd delegate it (Delegate=yes, which `supervisor generate systemd` writes), or run as root";

/** The folder of the own group; null without cgroup v2. */
function ownGroup(read: (path: string) => string): string | null {
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
