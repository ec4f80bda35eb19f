import type { Happening } from "../control/client.ts";
import type { Context } from "./context.ts";
import { readCount } from "./count.ts";
import { exit } from "./exit.ts";
import { tellMiss } from "./tell.ts";

/** Prints what happened, a line each; with --json as NDJSON. */
export async function run(context: Context): Promise<number> {
  const after = readCount(context, "after", 0);
  if (after === null) return exit.usage;
  const follow = context.flags.follow === true;
  const reply = await context.client().events({ after, follow, signal: new AbortController().signal });
  if (reply.tag !== "ok") return tellMiss(context, reply, "query");
  for await (const happening of reply.value) {
    context.out(context.json ? `${JSON.stringify(happening)}\n` : render(happening));
  }
  return exit.done;
}

/** Shape: "2026-01-06T10:11:12.345Z api@1 service.active activating → active (ready) pid 42". */
function render({ at, unit, instance, event, from, to, why, pid }: Happening): string {
  const name = unit === null ? "supervisor" : `${unit}${instance === null ? "" : `@${instance}`}`;
  const move = from === null && to === null ? null : `${from ?? "-"} → ${to ?? "-"}`;
  const parts = [at, name, event, move, why === null ? null : `(${why})`, pid === null ? null : `pid ${pid}`];
  return `${parts.filter((part) => part !== null).join(" ")}\n`;
}
