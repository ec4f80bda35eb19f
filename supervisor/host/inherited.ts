import process from "node:process";
import { libc } from "./libc.ts";

const FIRST_FD = 3;
const F_SETFD = 2;
const F_SETFL = 4;
const FD_CLOEXEC = 1;
const O_NONBLOCK = 0o4000;

/**
 * Takes the listeners that a service manager passed to this supervisor, by name, and the variables out of the environment.
 * Shape: `api.http` → 3, as `supervisor generate systemd` names them. Of two with one name the last one counts.
 * Source: sd_listen_fds(3).
 */
export function takeInherited(env: Record<string, string | undefined>): ReadonlyMap<string, number> {
  const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES = "" } = env;
  for (const name of ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID"]) delete env[name];
  if (Number(LISTEN_PID) !== process.pid) return new Map();
  const names = LISTEN_FDNAMES.split(":");
  const count = Math.min(Number(LISTEN_FDS) || 0, names.length);
  const passed = names.slice(0, count).map((name, index): [string, number] => [name, FIRST_FD + index]);
  for (const [, fd] of passed) {
    libc.fcntl(fd, F_SETFD, FD_CLOEXEC);
    libc.fcntl(fd, F_SETFL, O_NONBLOCK);
  }
  return new Map(passed);
}
