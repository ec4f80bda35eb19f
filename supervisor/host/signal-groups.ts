import { libc } from "./libc.ts";

const ownGroup = libc.getpgid(0);

/** Sends a signal to the process groups of these processes, whoever forks meanwhile included; never to our own. */
export function signalGroups(pids: readonly number[], number: number): void {
  const groups = new Set(pids.map((pid) => libc.getpgid(pid)));
  for (const group of groups) if (group > 1 && group !== ownGroup) libc.kill(-group, number);
}
