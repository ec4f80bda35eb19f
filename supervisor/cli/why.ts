import type { Reply } from "../control/client.ts";
import type { Context } from "./context.ts";
import { readCount } from "./count.ts";
import { exit } from "./exit.ts";
import { renderWhy } from "./render/why.ts";
import { tellMiss } from "./tell.ts";

const LINES_DEFAULT = 20;
/** What another line tells as well has none of its own: of the four entries of a restart two have. */
const ENTRIES_OF_A_LINE = 2;

/** Prints what happened to units and why, newest first; with --json an object a line. */
export async function run(context: Context): Promise<number> {
  const limit = readCount(context, "lines", LINES_DEFAULT);
  if (limit === null) return exit.usage;
  const names = await namesOf(context);
  if (names.tag !== "ok") return tellMiss(context, names, "query");
  const client = context.client();
  const look = { width: context.width(), now: context.now(), most: limit };
  for (const [at, name] of names.value.entries()) {
    const why = await client.why(name, context.json ? limit : limit * ENTRIES_OF_A_LINE);
    if (why.tag !== "ok") return tellMiss(context, why, "query");
    if (context.json) context.out(`${JSON.stringify(why.value)}\n`);
    else context.out((at === 0 ? "" : "\n") + renderWhy(why.value, look));
  }
  return exit.done;
}

/** Patterns become units; an instance stays one. */
async function namesOf({ args, client }: Context): Promise<Reply<readonly string[]>> {
  const names: string[] = [];
  for (const pattern of args) {
    const reply = await client().status([pattern]);
    if (reply.tag !== "ok") return reply;
    const isInstance = /@\d+$/.test(pattern) && reply.value.units.length === 1;
    names.push(...(isInstance ? [pattern] : reply.value.units.map((unit) => unit.name)));
  }
  return { tag: "ok", value: [...new Set(names)] };
}
