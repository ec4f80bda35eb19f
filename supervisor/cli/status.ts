import type { Client, Reply } from "../control/client.ts";
import type { Status, UnitStatus } from "../unit/status.ts";
import type { Context } from "./context.ts";
import { readCount } from "./count.ts";
import { checkStateDirectory } from "./doctor/state-directory.ts";
import { exit } from "./exit.ts";
import { tellNotRunning } from "./left.ts";
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
  if (reply.tag === "not-running") return tellNotRunning(context, reply, "query");
  if (reply.tag !== "ok") return tellMiss(context, reply, "query");
  if (context.flags.watch === true) return runWatch(context, client, lines);
  const status = reply.value;
  context.out(await render(context, client, { status, lines }));
  if (!context.json) tellStateDirectory(context);
  const asked = context.args.length > 0;
  return asked && status.units.some(isDown) ? exit.notActive : exit.done;
}

/** What keeps the supervisor from writing: it goes on without, and whoever looks at it is to know. */
function tellStateDirectory({ stateDir, err }: Context): void {
  for (const { result, check, detail } of checkStateDirectory(stateDir)) {
    if (result === "FAIL") err(`supervisor status: ${check}: ${detail}; supervisor doctor tells what to do`);
  }
}

/** Goes on through the end of the daemon: its next life is worth watching too. With --json each status is a line. */
async function runWatch(context: Context, client: Client, lines: number): Promise<number> {
  const { watch } = await import("./watch.ts");
  return watch(context, async () => {
    const reply = await client.status(context.args);
    if (reply.tag !== "ok") return context.json ? "" : missing(reply);
    if (context.json) return `${JSON.stringify(reply.value)}\n`;
    return render(context, client, { status: reply.value, lines });
  });
}

function missing(reply: Exclude<Reply<Status>, { tag: "ok" }>): string {
  if (reply.tag === "not-running") return "supervisor: not running\n";
  return `supervisor: ${reply.tag === "refused" ? reply.faults[0].message : reply.message}\n`;
}

async function render(
  context: Context,
  client: Client,
  { status, lines }: Readonly<{ status: Status; lines: number }>,
): Promise<string> {
  const { colour, args, json } = context;
  if (json) return `${JSON.stringify(status, null, 2)}\n`;
  const look = { width: context.width(), colour, now: context.now() };
  const [unit, ...others] = status.units;
  if (args.length === 0 || unit === undefined || others.length > 0) return renderTable(status.units, look);
  const whole = await client.unit(unit.name);
  const loaded = await client.loaded(unit.name);
  const shown = whole.tag === "ok" ? whole.value : unit;
  const enabled = loaded.tag === "ok" ? loaded.value.enabled === true : null;
  return renderUnit(shown, { ...look, enabled, output: await lastLines(client, unit.name, lines) });
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
