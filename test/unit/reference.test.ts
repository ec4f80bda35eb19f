import { expect, test } from "bun:test";
import type { JsonSchema } from "../../supervisor/unit/schema/json-schema.ts";
import { entryOf, unitJsonSchema } from "../../supervisor/unit/schema/reference.ts";
import { sections } from "../../supervisor/unit/schema.ts";

const keys = Object.entries(sections).flatMap(([section, readers]) =>
  Object.entries(readers).map(([key, reader]) => ({ section, key, reader })),
);

test("the default that is told of a key is what the key is without it", () => {
  for (const { section, key, reader } of keys) {
    const { fallback } = entryOf(section, key);
    const unset = reader.safeParse(undefined).data ?? null;
    const said = fallback === null ? null : reader.safeParse(fallback).data;
    expect({ section, key, said }).toEqual({ section, key, said: unset });
  }
});

test("an editor is told of every key what it means, how it is written and what it is without it", () => {
  const { properties = {} } = unitJsonSchema();
  for (const { section, key } of keys) {
    const { fallback } = entryOf(section, key);
    for (const table of tablesOf(properties, section)) {
      const { description, default: told = null } = table.properties?.[key] ?? {};
      expect({ key, description, told }).toEqual({
        key,
        description: expect.stringMatching(/^(?!.*\]\().+\.$/),
        told: fallback,
      });
    }
  }
  const { service } = properties;
  expect(service?.properties?.restart_sec).toEqual({
    type: ["string", "number"],
    description:
      'Pause before a restart. Span: as in systemd: `"100ms"`, `"1min 30s"`, `"infinity"`, or a number of seconds.',
    default: "100ms",
  });
});

/** The schemas of the tables that a section's name stands for. Shape: `probe.*` → those of the three probes. */
function tablesOf(properties: Readonly<Record<string, JsonSchema>>, section: string): readonly JsonSchema[] {
  const [top = "", star] = section.split(".");
  const { properties: named, additionalProperties: any, ...table } = properties[top] ?? {};
  if (star === undefined) return [{ ...table, properties: named ?? {} }];
  return typeof any === "object" ? [any] : Object.values(named ?? {});
}

test("what does not exist is not told of", () => {
  expect(() => entryOf("service", "restrat")).toThrow("no key 'service.restrat'");
});
