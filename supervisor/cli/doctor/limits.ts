import { readFileSync } from "node:fs";
import type { Status } from "../../unit/status.ts";
import type { Unit } from "../../unit/unit.ts";
import { bad, type Finding, warn, well } from "./finding.ts";

const SCARCE = 4096;
const EXHAUSTED = 256;

/** Looks how many descriptors the supervisor may open: those of the one that runs, else those that one started here would have. */
export function checkLimits(
  units: readonly Unit[],
  status: Status | null,
  read: (path: string) => string | null = readOrNull,
): Finding {
  const check = "open files";
  const pid = status === null ? "self" : String(status.supervisor.pid);
  const text = read(`/proc/${pid}/limits`);
  const [, softText, hardText] = /^Max open files\s+(\S+)\s+(\S+)/m.exec(text ?? "") ?? [];
  const fix = "raise it: ulimit -n 65536 in the shell, LimitNOFILE=65536 in systemd";
  if (softText === undefined) return warn(check, "RLIMIT_NOFILE cannot be read from /proc", "mount /proc");
  const [soft, hard] = [softText, hardText].map((one) => (one === "unlimited" ? Infinity : Number(one)));
  const detail = `RLIMIT_NOFILE is ${softText}, at most ${hardText}`;
  const over = units.find((unit) => (unit.service.limits.nofile ?? 0) > (hard ?? 0));
  if (over !== undefined && process.getuid?.() !== 0) {
    return bad(check, `${detail}; unit ${over.name} wants ${over.service.limits.nofile}`, fix);
  }
  if ((soft ?? 0) < EXHAUSTED) return bad(check, detail, fix);
  return (soft ?? 0) < SCARCE ? warn(check, detail, fix) : well(check, detail);
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null; // Without /proc, or when the process has just ended.
  }
}
