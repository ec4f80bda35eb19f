import { type Kind, kinds } from "./kind.ts";
import { z } from "./zod.ts";

/** A JSON Schema, as far as it is looked into here. */
export type JsonSchema = {
  type?: unknown;
  enum?: readonly unknown[];
  format?: unknown;
  pattern?: unknown;
  description?: unknown;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  anyOf?: JsonSchema[];
  items?: JsonSchema;
  kind?: Kind;
  properties?: Record<string, JsonSchema>;
  additionalProperties?: JsonSchema | boolean;
  [key: string]: unknown;
};

/**
 * Gives the JSON Schema of what a TOML file may say, for editors. It knows no rule between two keys, and not all of a value's grammar:
 * what it lets through may still be a fault. `about` says what to add to what was made of one reader.
 * Source: JSON Schema draft 4, which is what Taplo reads.
 */
export function jsonSchemaOf(schema: z.ZodType, title: string, about: About = () => null): JsonSchema {
  const { $schema, ...rest } = made(schema, z.globalRegistry, about);
  return { $schema, title, ...rest };
}

/** Gives the JSON Schema of one reader, with `kind` wherever a value is of one, for whoever writes of it. */
export function kindSchemaOf(reader: z.ZodType): JsonSchema {
  return made(reader, kinds, () => null);
}

type About = (reader: unknown) => Partial<JsonSchema> | null;

function made(schema: z.ZodType, metadata: z.core.$ZodRegistry<object>, about: About): JsonSchema {
  return z.toJSONSchema(schema, {
    target: "draft-04",
    io: "input",
    unrepresentable: "any",
    metadata,
    override: ({ zodSchema, jsonSchema }) => {
      tidy(jsonSchema as JsonSchema);
      Object.assign(jsonSchema, about(zodSchema));
    },
  }) as JsonSchema;
}

/** TOML has no null, and that a number is safe need not be said. */
function tidy(one: JsonSchema): void {
  if (one.maximum === Number.MAX_SAFE_INTEGER) delete one.maximum;
  if (one.default === null) delete one.default;
  const [only, ...others] = one.anyOf?.filter(({ type }) => type !== "null") ?? [];
  if (!only || others.length > 0) return;
  delete one.anyOf;
  Object.assign(one, only);
}

/** Lets a placeholder stand where the schema wants more than any string. */
export function withPlaceholders(one: JsonSchema): JsonSchema {
  const { properties, additionalProperties: more, ...rest } = one;
  if (properties || typeof more === "object") {
    const inner = Object.entries(properties ?? {}).map(([key, each]) => [key, withPlaceholders(each)]);
    return {
      ...rest,
      ...(properties && { properties: Object.fromEntries(inner) }),
      ...(more !== undefined && { additionalProperties: typeof more === "object" ? withPlaceholders(more) : more }),
    };
  }
  if (one.type === "string" && !("enum" in one || "format" in one || "pattern" in one)) return one;
  const { description, default: fallback, ...own } = one;
  const about = {
    ...(description !== undefined && { description }),
    ...(fallback !== undefined && { default: fallback }),
  };
  return { ...about, anyOf: [own, { type: "string", pattern: "\\$\\{.+\\}" }] };
}
