import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Context } from "./context.ts";
import { exit } from "./exit.ts";
import { tellMiss } from "./tell.ts";

const LIMIT_MS = 60_000;
const ASK_EVERY_MS = 50;
const runtimes: readonly string[] = ["bun", "deno"];

/**
 * Replaces the program of the running supervisor by the one that is installed now, in place: the same process, and no service notices.
 * On the runtime that $SUPERVISOR_RUNTIME names, else on the one that it has. Source: systemctl(1), daemon-reexec.
 */
export async function run(context: Context): Promise<number> {
  const { quiet, json, out, err } = context;
  const client = context.client();
  const before = await client.status();
  if (before.tag !== "ok") return tellMiss(context, before, "order");
  const wanted = basename(process.env.SUPERVISOR_RUNTIME ?? "");
  const limitMs = context.timeoutMs ?? LIMIT_MS;
  const asked = await client.reexec(runtimes.includes(wanted) ? wanted : null, limitMs);
  if (asked.tag !== "ok") return tellMiss(context, asked, "order");
  for (const end = performance.now() + limitMs; performance.now() < end; await sleep(ASK_EVERY_MS)) {
    const reply = await client.status();
    if (reply.tag !== "ok" || reply.value.supervisor.started_at === before.value.supervisor.started_at) continue;
    const { version, runtime, pid } = reply.value.supervisor;
    if (json) out(`${JSON.stringify({ supervisor: reply.value.supervisor }, null, 2)}\n`);
    else if (!quiet) out(`supervisor: now ${version} on ${runtime}, pid ${pid}\n`);
    return exit.done;
  }
  err(`supervisor daemon-reexec: it has not answered within ${limitMs / 1000}s`);
  return exit.timedOut;
}
