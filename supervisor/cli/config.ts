import { join } from "node:path";
import { faultLine } from "../unit/fault.ts";
import { nearest } from "../unit/nearest.ts";
import { type Setting, shownSetting, sourceIn } from "../unit/setting.ts";
import type { Context } from "./context.ts";
import { exit } from "./exit.ts";
import { giveOrder } from "./order.ts";
import { renderPlan } from "./render/plan.ts";
import { renderSettings } from "./render/settings.ts";
import { tellMiss, tellVerdicts } from "./tell.ts";

/** `supervisor config show|diff|reload`. */
export async function run(context: Context): Promise<number> {
  const [what = ""] = context.args;
  const verb = verbs[what];
  if (verb !== undefined) return verb(context);
  const near = nearest(what, Object.keys(verbs));
  context.err(
    `supervisor config: must be show, diff or reload, got '${what}'${near ? `; did you mean '${near}'?` : ""}`,
  );
  return exit.usage;
}

const verbs: Readonly<Record<string, (context: Context) => Promise<number>>> = { show, diff, reload };

/** Prints the settings that hold: the running supervisor's, else what one that starts now would have. */
async function show(context: Context): Promise<number> {
  const reply = await context.client().settings();
  if (reply.tag === "not-running") return showOnDisk(context);
  return reply.tag === "ok" ? tell(context, reply.value) : tellMiss(context, reply, "query");
}

async function showOnDisk(context: Context): Promise<number> {
  const { loadConfig } = await import("../../config/load.ts");
  const { isOthers } = await import("../../config/schema.ts");
  const { settingsOf } = await import("../../config/settings.ts");
  const loaded = loadConfig({ folder: join(context.root, "config"), shown: "config", env: process.env, isOthers });
  if (loaded.ok) {
    const settings = settingsOf(loaded.value);
    const source = sourceIn(settings);
    if (source) context.err(`supervisor config show: only a running supervisor asks ${source.url}`);
    return tell(context, settings.map(shownSetting));
  }
  for (const fault of loaded.faults) context.err(faultLine(fault));
  return exit.invalid;
}

function tell({ json, out }: Context, settings: readonly Setting[]): number {
  out(json ? `${JSON.stringify({ settings }, null, 2)}\n` : renderSettings(settings));
  return exit.done;
}

/** Prints what a reload would do. */
async function diff(context: Context): Promise<number> {
  const { json, quiet, out, width } = context;
  const reply = await context.client().plan();
  if (reply.tag !== "ok") return tellMiss(context, reply, "order");
  if (json) out(`${JSON.stringify(reply.value, null, 2)}\n`);
  else out(renderPlan(reply.value, width()) || (quiet ? "" : "nothing has changed\n"));
  return exit.done;
}

/** Puts what the files say in the place of what is loaded. */
export async function reload(context: Context): Promise<number> {
  const given = await giveOrder(context, { tag: "reconfigure" });
  if (given.verdicts === null) return given.code;
  tellVerdicts(context, given.verdicts);
  if (given.verdicts.length === 0 && !context.quiet && !context.json) context.out("no unit has changed\n");
  return given.code;
}
