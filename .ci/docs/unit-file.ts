import { kindTexts } from "../../supervisor/unit/manual/kinds.ts";
import type { JsonSchema } from "../../supervisor/unit/schema/json-schema.ts";
import { lifecycleShape } from "../../supervisor/unit/schema/lifecycle.ts";
import { privilegeShape } from "../../supervisor/unit/schema/privilege.ts";
import { programShape } from "../../supervisor/unit/schema/program.ts";
import { entryOf } from "../../supervisor/unit/schema/reference.ts";
import { sections } from "../../supervisor/unit/schema.ts";
import { type Table, withTable } from "./table.ts";

/** The keys of each table of the page, by what its mark calls it. `[service]` has three tables. */
const tables: Readonly<Record<string, Readonly<{ section: string; keys: object }>>> = {
  unit: { section: "unit", keys: sections.unit },
  program: { section: "service", keys: programShape },
  lifecycle: { section: "service", keys: lifecycleShape },
  privilege: { section: "service", keys: privilegeShape },
  socket: { section: "socket.*", keys: sections["socket.*"] },
  probe: { section: "probe.*", keys: sections["probe.*"] },
  handover: { section: "handover", keys: sections.handover },
  output: { section: "output", keys: sections.output },
};

/** `docs/unit-file.md` with its tables as the schema has them. Errors: throws when there is no place for one. */
export function withReference(page: string): string {
  return Object.entries(tables).reduce(
    (text, [name, { section, keys }]) => withTable(text, markOf(name), tableOf(section, Object.keys(keys))),
    withTable(page, markOf("values"), [["kind", "how it is written"], ...Object.entries(kindTexts)]),
  );
}

const markOf = (name: string): string => `<!-- npm run docs writes this table from the schema: ${name} -->`;

/** Keys that have all in common, as limits do, share a row. */
function tableOf(section: string, keys: readonly string[]): Table {
  const rows = new Map<string, readonly string[]>();
  for (const key of keys) {
    const { takes, fallback, meaning } = entryOf(section, key);
    const about = [takenBy(takes), fallback === null ? "–" : `\`${JSON.stringify(fallback)}\``, meaning];
    const [others] = rows.get(about.join("\n")) ?? [];
    rows.set(about.join("\n"), [others === undefined ? `\`${key}\`` : `${others}, \`${key}\``, ...about]);
  }
  return [["key", "kind", "default", "meaning"], ...rows.values()];
}

/** What a key takes, in words. Shape: "span", "templates", "`bun`, `deno`", "integer, 0 to 4096". */
function takenBy({
  kind,
  enum: values,
  type,
  items,
  additionalProperties: inner,
  minimum,
  maximum,
}: JsonSchema): string {
  if (kind !== undefined) return kind;
  if (values !== undefined) return values.map((each) => `\`${each}\``).join(", ");
  if (items !== undefined) return plural(takenBy(items));
  if (typeof inner === "object") return `${plural(takenBy(inner))} by name`;
  if (minimum === undefined) return String(type);
  return `${type}, ${maximum === undefined ? `${minimum} or more` : `${minimum} to ${maximum}`}`;
}

const plural = (noun: string): string => `${noun}${noun.endsWith("s") ? "es" : "s"}`;
