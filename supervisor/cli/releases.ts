import type { Context } from "./context.ts";
import { exit } from "./exit.ts";
import { renderReleases } from "./render/releases.ts";
import { tellMiss } from "./tell.ts";

/** Lists the releases, oldest first. */
export async function run(context: Context): Promise<number> {
  const { json, quiet, out, now } = context;
  const reply = await context.client().releases();
  if (reply.tag !== "ok") return tellMiss(context, reply, "query");
  if (json) out(`${JSON.stringify({ releases: reply.value }, null, 2)}\n`);
  else out(renderReleases(reply.value, now()) || (quiet ? "" : "nothing was ever deployed\n"));
  return exit.done;
}
