import type { Client } from "../control/client.ts";
import type { Context } from "./context.ts";
import { readCount } from "./count.ts";
import { exit } from "./exit.ts";
import { tellMiss } from "./tell.ts";

const LINES_DEFAULT = 10;

/** Prints what units printed. With several units each line names its own. */
export async function run(context: Context): Promise<number> {
  const lines = readCount(context, "lines", LINES_DEFAULT);
  if (lines === null) return exit.usage;
  const client = context.client();
  const reply = await client.status(context.args);
  if (reply.tag !== "ok") return tellMiss(context, reply, "query");
  const units = reply.value.units.map((unit) => unit.name);
  const follow = context.flags.follow === true;
  const print = (unit: string) => printUnit(context, client, { unit, lines, follow, prefix: units.length > 1 });
  if (follow) return Math.max(exit.done, ...(await Promise.all(units.map(print))));
  let code: number = exit.done;
  for (const unit of units) code = Math.max(code, await print(unit));
  return code;
}

type Wanted = Readonly<{ unit: string; lines: number; follow: boolean; prefix: boolean }>;

async function printUnit(context: Context, client: Client, wanted: Wanted): Promise<number> {
  const { unit, lines, follow, prefix } = wanted;
  const reply = await client.logs(unit, { lines, follow, signal: new AbortController().signal });
  if (reply.tag !== "ok") return tellMiss(context, reply, "query");
  if (prefix) await printNamed(context, unit, reply.value);
  else for await (const piece of reply.value) context.out(piece);
  return exit.done;
}

/** Prints whole lines only, so that the lines of several units do not run into each other. */
async function printNamed(context: Context, unit: string, pieces: AsyncIterable<string>): Promise<void> {
  let held = "";
  for await (const piece of pieces) {
    const lines = (held + piece).split("\n");
    held = lines.pop() ?? "";
    for (const line of lines) context.out(`${unit}: ${line}\n`);
  }
  if (held !== "") context.out(`${unit}: ${held}\n`);
}
