import { readdirSync, readFileSync, readlinkSync } from "node:fs";

export type Seen = Readonly<{ pid: number; command: string }>;

/** Every live process that was started with `variable` in its environment. A zombie has no environment and is not named. */
export function startedWith(variable: string): readonly Seen[] {
  return pids().flatMap((pid) => {
    const environment = read(`/proc/${pid}/environ`);
    return environment.split("\0").includes(variable) ? [{ pid, command: commandOf(pid) }] : [];
  });
}

/** Whether the process runs: a zombie does not. */
export function alive(pid: number): boolean {
  const stat = read(`/proc/${pid}/stat`);
  const state = stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3);
  return stat !== "" && state !== "Z" && state !== "X";
}

/** What each open descriptor of a process is. Shape: `["pipe:[123]", "socket:[124]", "/dev/null"]`. */
export function descriptorsOf(pid: number): readonly string[] {
  return readdirSync(`/proc/${pid}/fd`).map((fd) => target(`/proc/${pid}/fd/${fd}`));
}

const pids = () =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

const commandOf = (pid: number) => read(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trim();

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return ""; // the process ended between the listing and the reading, or is another user's
  }
}

function target(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "closed"; // closed between the listing and the reading
  }
}
