import type { Client, Reply } from "../control/client.ts";
import { nearest } from "../unit/nearest.ts";
import type { Context } from "./context.ts";
import { exit } from "./exit.ts";
import { type Properties, properties, propertyNamed, propertyText, renderProperties } from "./render/properties.ts";
import { tellMiss } from "./tell.ts";

/** Prints every property of units, or those asked for; with --json as one object a line. Source: systemctl(1), show. */
export async function run(context: Context): Promise<number> {
  const client = context.client();
  const reply = await client.status(context.args);
  if (reply.tag !== "ok") return tellMiss(context, reply, "query");
  for (const [at, { name }] of reply.value.units.entries()) {
    const known = await propertiesOf(client, name);
    if (known.tag !== "ok") return tellMiss(context, known, "query");
    const chosen = choose(context, known.value);
    if (chosen === null) return exit.usage;
    if (at > 0 && !context.json && context.flags.value === undefined) context.out("\n");
    context.out(render(context, chosen));
  }
  return exit.done;
}

async function propertiesOf(client: Client, unit: string): Promise<Reply<Properties>> {
  const [status, loaded] = await Promise.all([client.unit(unit), client.loaded(unit)]);
  if (status.tag !== "ok") return status;
  return loaded.tag === "ok" ? { tag: "ok", value: properties(status.value, loaded.value) } : loaded;
}

/** Those that `-p` names, commas between, in that order. `null`: one of them is none, and that has been said. */
function choose({ flags, err }: Context, all: Properties): Properties | null {
  if (typeof flags.property !== "string") return all;
  const chosen: Record<string, Properties[string]> = {};
  for (const asked of flags.property.split(",").map((word) => word.trim())) {
    const name = propertyNamed(asked, all);
    if (name === null) {
      const near = nearest(asked, Object.keys(all));
      err(`supervisor show: there is no property '${asked}'${near === null ? "" : `; did you mean '${near}'?`}`);
      return null;
    }
    chosen[name] = all[name] ?? null;
  }
  return chosen;
}

function render({ json, flags }: Context, chosen: Properties): string {
  if (json) return `${JSON.stringify(chosen)}\n`;
  if (flags.value === undefined) return renderProperties(chosen);
  return Object.values(chosen)
    .map((value) => `${propertyText(value)}\n`)
    .join("");
}
