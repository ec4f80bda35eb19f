import type { Status } from "../../unit/status.ts";
import { type Finding, warn, well } from "./finding.ts";

const check = "config source";

/** Whether the remote source of settings answers the supervisor. Nothing where there is none, or no supervisor. */
export function checkConfigSource(status: Status | null): readonly Finding[] {
  const source = status?.supervisor.config_source;
  if (!source) return [];
  const { url, state, since, reason } = source;
  if (state === "answers") return [well(check, `${url} answers`)];
  const detail = `${url} ${reason ?? "has not answered yet"}, since ${since}`;
  return [
    warn(check, detail, "what it said last goes on; look whether it can be reached from here, and takes the token"),
  ];
}
