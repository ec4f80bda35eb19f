import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Where this process stands in cgroup v2. `name`: as /proc/PID/cgroup calls it. `folder`: where that is in the file system. */
export type GroupPlace = Readonly<{ name: string; folder: string }>;

type Read = (path: string) => string;

/**
 * Finds our own v2 group, also where v2 is mounted beside v1 and has no controllers; null when there is none to be seen.
 * Source: cgroups(7), proc_pid_mountinfo(5).
 */
export function findGroupPlace(read: Read = (path) => readFileSync(path, "utf8")): GroupPlace | null {
  try {
    const name = /^0::(\/.*)$/m.exec(read("/proc/self/cgroup"))?.[1];
    if (name === undefined || name.startsWith("/..")) return null;
    for (const line of read("/proc/self/mountinfo").split("\n")) {
      // ID, parent, device, root, mount point, options, tags …, "-", type
      const [, , , root = "", point = ""] = line.split(" ");
      if (!/ - cgroup2 /.test(line)) continue;
      const below = root === "/" ? name : belowOf(root, name);
      if (below !== null) return { name, folder: join(unescaped(point), below) };
    }
    return null;
  } catch {
    // Without /proc there is nothing to find.
    return null;
  }
}

/** The v2 group of a process, be it a zombie, as it stands in /proc; null when there is none to be seen. */
export function groupNameOf(pid: number | "self"): string | null {
  try {
    return /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, "utf8"))?.[1] ?? null;
  } catch {
    // It is gone.
    return null;
  }
}

/** Shape: `/docker/x`, `/docker/x/y` → `/y`; null when the mount does not show the group. */
function belowOf(root: string, name: string): string | null {
  if (name === root) return "/";
  return name.startsWith(`${root}/`) ? name.slice(root.length) : null;
}

/** Shape: `/a\040b` → `/a b`. */
function unescaped(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
