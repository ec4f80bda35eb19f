import { existsSync, statSync } from "node:fs";
import { launcher } from "../../host/own-program.ts";
import type { Status } from "../../unit/status.ts";
import { bad, type Finding, warn, well } from "./finding.ts";

/** Looks whether the clock can be right: deadlines do not depend on it, but stamps and certificates do. */
export function checkClock(now: Date, status: Status | null): Finding {
  const installed = statSync(launcher).mtime;
  const started = new Date(status?.supervisor.started_at ?? 0);
  const fix = "set the clock and keep it set: systemctl enable --now systemd-timesyncd, or chrony";
  if (now < installed) return bad("clock", `${now.toISOString()} is before this program was installed`, fix);
  if (now < started) return warn("clock", `it was set back: the supervisor started at ${started.toISOString()}`, fix);
  return well("clock", now.toISOString());
}

/** Looks who starts the supervisor again when the machine boots. */
export function checkManager(exists: (path: string) => boolean = existsSync): Finding {
  if (exists("/run/systemd/system")) return well("systemd", "runs; `supervisor generate systemd` writes a unit for it");
  if (exists("/.dockerenv") || exists("/run/.containerenv")) return well("systemd", "none, this is a container");
  const fix = "start the supervisor from what this machine boots with, or as the command of the container";
  return warn("systemd", "does not run here: nobody starts the supervisor after a boot", fix);
}
