import { existsSync } from "node:fs";
import type { Client, Reply } from "../../control/client.ts";
import type { Status } from "../../unit/status.ts";
import { bad, type Finding, warn, well } from "./finding.ts";

const SLOW_MS = 1000;
const check = "control socket";

/** Looks whether a supervisor answers. That none runs is no fault: there is much to look at before the first start. */
export async function checkControl(client: Client): Promise<Readonly<{ finding: Finding; status: Status | null }>> {
  const start = performance.now();
  const reply = await client.status();
  const tookMs = Math.round(performance.now() - start);
  if (reply.tag !== "ok") return { finding: silent(client.socket, reply), status: null };
  const { pid, version, runtime } = reply.value.supervisor;
  const detail = `supervisor ${version} on ${runtime}, pid ${pid}, answered in ${tookMs}ms`;
  const fix = "look for a process that takes all of the processor: `supervisor status`, then top";
  return { finding: tookMs > SLOW_MS ? warn(check, detail, fix) : well(check, detail), status: reply.value };
}

function silent(socket: string, reply: Exclude<Reply<Status>, { tag: "ok" }>): Finding {
  switch (reply.tag) {
    case "not-running":
      if (!existsSync(socket)) return well(check, "no supervisor runs here");
      return warn(check, `${socket} is there, and nobody answers: a supervisor was killed`, "supervisor start");
    case "denied":
      return bad(check, reply.message, "run this as the user that runs the supervisor, or as root");
    case "refused":
      return bad(check, reply.faults[0].message, "run the same version of the supervisor as the one that answers");
    default:
      return bad(check, reply.message, "look at the supervisor's own log, `<state>/supervisor.log`");
  }
}
