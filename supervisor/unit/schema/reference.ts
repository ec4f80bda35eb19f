import type { z } from "zod";
import { keyTexts } from "../manual/keys.ts";
import { kindTexts } from "../manual/kinds.ts";
import { schema, sections } from "../schema.ts";
import { type JsonSchema, jsonSchemaOf, kindSchemaOf } from "./json-schema.ts";
import type { Kind } from "./kind.ts";

/** What there is to say of a key. `takes` has the kinds of its values; `fallback` is its default as a file would write it, or null. */
export type Entry = Readonly<{ takes: JsonSchema; fallback: unknown; meaning: string }>;

/** Says what one key means and takes. Shape: `entryOf("service", "restart_sec")` → a span, "100ms", "pause before a restart". */
export function entryOf(section: string, key: string): Entry {
  const reader = readers[section]?.[key];
  const meaning = texts[section]?.[key];
  if (reader === undefined || meaning === undefined) throw new Error(`no key '${section}.${key}'`);
  const takes = kindSchemaOf(reader);
  return { takes, fallback: written(kindOf(takes), reader.parse(undefined)), meaning };
}

/** The JSON Schema of a unit file, with what each key means, for editors. */
export function unitJsonSchema(): JsonSchema {
  const entries = Object.entries(readers).flatMap(([section, keyed]) =>
    Object.entries(keyed).map(([key, reader]) => [reader, entryOf(section, key)] as const),
  );
  const told = new Map<unknown, Entry>(entries);
  return jsonSchemaOf(schema, "A unit file of the supervisor", (reader) => {
    const entry = told.get(reader);
    if (!entry) return null;
    return { description: hover(entry), ...(entry.fallback !== null && { default: entry.fallback }) };
  });
}

const readers: Readonly<Record<string, Readonly<Record<string, z.ZodType>>>> = sections;
const texts: Readonly<Record<string, Readonly<Record<string, string>>>> = keyTexts;

/** The kind of a value, or of each that is in it. */
function kindOf({ kind, items, additionalProperties: more }: JsonSchema): Kind | null {
  if (kind !== undefined) return kind;
  const inner = items ?? (typeof more === "object" ? more : undefined);
  return inner === undefined ? null : kindOf(inner);
}

/** Shape: "Pause before a restart. Span: as in systemd: …". An editor shows it beside the key, where a link to a page leads nowhere. */
function hover({ takes, meaning }: Entry): string {
  const kind = kindOf(takes);
  const sentences = kind === null ? [meaning] : [meaning, `${kind}: ${kindTexts[kind]}`];
  return sentences
    .map((text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`)
    .join(" ")
    .replace(LINK, "$1");
}

const LINK = /\[([^\]]+)\]\([^)]*\)/g;

/** Writes a default as a file would. */
function written(kind: Kind | null, value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (value === Infinity) return "infinity";
  if (kind === "status") return Object.values(value).flat();
  if (typeof value !== "number") return value;
  switch (kind) {
    case "span":
      return value % 1000 === 0 ? `${value / 1000}s` : `${value}ms`;
    case "size":
      return sizeText(value);
    case "octal":
      return `0${value.toString(8)}`;
    default:
      return value;
  }
}

/** Shape: 10485760 → "10M". */
function sizeText(bytes: number): string {
  const power = [4, 3, 2, 1, 0].find((each) => bytes % 1024 ** each === 0) ?? 0;
  return `${bytes / 1024 ** power}${"BKMGT"[power]}`;
}
