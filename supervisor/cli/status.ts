import type { Client } from "../control/client.ts";
import type { Status, UnitStatus } from "../unit/status.ts";
import type { Context } from "./context.ts";
import { readCount } from "./count.ts";
import { exit } from "./exit.ts";
import { renderUnit } from "./render/systemctl.ts";
import { renderTable } from "./render/table.ts";
import { tellMiss } from "./tell.ts";

const LINES_DEFAULT = 10;

/** Shows a table, or one unit as systemctl does. Named units that do not run make the exit code 3. */
export async function run(context: Context): Promise<number> {
  const lines = readCount(context, "lines", LINES_DEFAULT);
  if (lines === null) return exit.usage;
  const client = context.client();
  const reply = await client.status(context.args);
  if (reply.tag !== "ok") return tellMiss(context, reply, "query");
  const status = reply.value;
  if (context.json) context.out(`${JSON.stringify(status, null, 2)}\n`);
  else context.out(await render(context, client, { status, lines }));
  const asked = context.args.length > 0;
  return asked && status.units.some(isDown) ? exit.notActive : exit.done;
}

async function render(
  context: Context,
  client: Client,
  { status, lines }: Readonly<{ status: Status; lines: number }>,
): Promise<string> {
  const { width, colour } = context;
  const look = { width, colour, now: context.now() };
  const [unit, ...others] = status.units;
  if (context.args.length === 0 || unit === undefined || others.length > 0) return renderTable(status.units, look);
  return renderUnit(unit, { ...look, output: await lastLines(client, unit.name, lines) });
}

/** What the unit printed last; without it the status is still worth showing. */
async function lastLines(client: Client, unit: string, lines: number): Promise<readonly string[]> {
  if (lines === 0) return [];
  const reply = await client.logs(unit, { lines, follow: false, signal: new AbortController().signal });
  if (reply.tag !== "ok") return [];
  let text = "";
  for await (const piece of reply.value) text += piece;
  return text.split("\n").slice(0, -1).slice(-lines);
}

function isDown(unit: UnitStatus): boolean {
  return unit.active_state === "inactive" || unit.active_state === "failed";
}
