import { html, type Markup, prose } from "./markup.ts";

export type Json = Readonly<Record<string, unknown>>;

const SCHEMAS = "#/components/schemas/";

/** Where a named schema stands on the page. */
export const schemaAnchor = (name: string): string => `schema-${name}`;

/** A schema as it is read: its type in one line, and below it its fields, the alternatives that it leaves, or what a list is of. Source: JSON Schema 2020-12. */
export function schemaMarkup(given: unknown): Markup {
  const schema = jsonOf(given);
  return html`<div class="schema">${typeMarkup(schema)}${below(schema)}</div>`;
}

/** What one line does not say: nothing, for most. */
function below(schema: Json): readonly Markup[] {
  const required = listOf(schema.required);
  const fields = Object.entries(jsonOf(schema.properties)).map(([name, field]) =>
    fieldMarkup(name, jsonOf(field), required),
  );
  return [
    ...(fields.length > 0 ? [html`<dl>${fields}</dl>`] : []),
    ...listOf(schema.items).flatMap((items) => below(jsonOf(items))),
    ...listOf(schema.additionalProperties).flatMap((values) => below(jsonOf(values))),
    ...["anyOf", "oneOf", "allOf"].flatMap((kind) => alternatives(kind, listOf(schema[kind]).map(jsonOf))),
  ];
}

/** Those of which the line above has said all are left out. */
function alternatives(kind: string, all: readonly Json[]): readonly Markup[] {
  const items = all.flatMap((each) => {
    const fields = below(each);
    return fields.length === 0 ? [] : [html`<li>${titleMarkup(each)}${fields}</li>`];
  });
  if (items.length === 0) return [];
  return [html`<ul data-kind="${kind === "allOf" ? "all" : "any"}">${items}</ul>`];
}

function titleMarkup({ title, description }: Json): Markup | null {
  if (title === undefined) return null;
  return html`<b>${String(title)}</b> ${prose(description)}`;
}

function fieldMarkup(name: string, field: Json, required: readonly unknown[]): Markup {
  const mark = required.includes(name) ? html` <span class="required">required</span>` : null;
  return html`<dt><code>${name}</code> ${typeMarkup(field)}${mark}</dt><dd>${prose(field.description)}${below(field)}</dd>`;
}

/** Shape: `integer, 0 to 100`, `"a" or "b"`, `list of Task`. */
function typeMarkup(schema: Json): Markup {
  const limits = limitsText(schema);
  return html`<span class="type">${kindMarkup(schema)}${limits === "" ? null : `, ${limits}`}</span>`;
}

function kindMarkup(schema: Json): Markup {
  if (typeof schema.$ref === "string") return refMarkup(schema.$ref);
  if ("const" in schema) return html`<code>${JSON.stringify(schema.const)}</code>`;
  if (Array.isArray(schema.enum))
    return joined(
      schema.enum.map((value) => html`<code>${JSON.stringify(value)}</code>`),
      " or ",
    );
  for (const [kind, joint] of [
    ["anyOf", " or "],
    ["oneOf", " or "],
    ["allOf", " and "],
  ] as const) {
    if (Array.isArray(schema[kind]))
      return joined(
        schema[kind].map((each) => kindMarkup(jsonOf(each))),
        joint,
      );
  }
  if (schema.type === "array") return html`list of ${kindMarkup(jsonOf(schema.items))}`;
  const types = listOf(schema.type).map(String);
  return html`${types.length === 0 ? "anything" : types.join(" or ")}`;
}

function refMarkup(ref: string): Markup {
  const name = ref.slice(SCHEMAS.length);
  return ref.startsWith(SCHEMAS) ? html`<a href="#${schemaAnchor(name)}">${name}</a>` : html`<code>${ref}</code>`;
}

function joined(all: readonly Markup[], joint: string): Markup {
  return html`${all.flatMap((each, at) => (at === 0 ? [each] : [html`${joint}`, each]))}`;
}

/** What else is asked of a value, in words. */
function limitsText(schema: Json): string {
  const { minimum, maximum, minLength, maxLength, minItems, maxItems, pattern, format } = schema;
  return [
    ...(format === undefined ? [] : [String(format)]),
    ...rangeText("", minimum, maximum),
    ...rangeText("length ", minLength, maxLength),
    ...rangeText("entries: ", minItems, maxItems),
    // A format has said what its pattern says.
    ...(pattern === undefined || format !== undefined ? [] : [`like ${pattern}`]),
    ...(schema.default === undefined ? [] : [`otherwise ${JSON.stringify(schema.default)}`]),
  ].join(", ");
}

/** Shape: `1 to 255`, `at least 1`. The largest number there can be is no limit. */
function rangeText(of: string, least: unknown, most: unknown): readonly string[] {
  const [low, high] = [least, most].map((limit) => (isLimit(limit) ? limit : undefined));
  if (low === undefined && high === undefined) return [];
  if (high === undefined) return [`${of}at least ${low}`];
  return [low === undefined ? `${of}at most ${high}` : `${of}${low} to ${high}`];
}

const isLimit = (limit: unknown): boolean => typeof limit === "number" && Math.abs(limit) < Number.MAX_SAFE_INTEGER;

/** What is none is taken for an empty one: `true` is a schema, too. */
export const jsonOf = (value: unknown): Json =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};

/** What is left out is empty, what stands alone is a list of one. */
export const listOf = (value: unknown): readonly unknown[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];
