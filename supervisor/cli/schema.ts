import type { Context } from "./context.ts";
import { exit } from "./exit.ts";

/** Prints the JSON Schema of unit files, or of `config/`, for editors. Made of what the files are read with; loads zod. */
export async function run({ args, out, err }: Context): Promise<number> {
  const [what = ""] = args;
  const made = await schemaOf(what);
  if (made === null) {
    err(`supervisor schema: unit and config are known, got '${what}'`);
    return exit.usage;
  }
  out(`${JSON.stringify(made, null, 2)}\n`);
  return exit.done;
}

/** The schema as an object; null when there is no such. */
export async function schemaOf(what: string): Promise<object | null> {
  switch (what) {
    case "unit": {
      const { unitJsonSchema } = await import("../unit/schema/reference.ts");
      return unitJsonSchema();
    }
    case "config": {
      const { jsonSchemaOf, withPlaceholders } = await import("../unit/schema/json-schema.ts");
      const { configSchema } = await import("../../config/schema.ts");
      return withPlaceholders(jsonSchemaOf(configSchema, "The settings of the supervisor and its services"));
    }
    default:
      return null;
  }
}
