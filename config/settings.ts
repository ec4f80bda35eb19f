import type { Loaded } from "./load.ts";
import { configSchema } from "./schema.ts";

/** Shape: `{ key: "api.port", value: 8080, origin: "config/local.toml" }`. */
export type Setting = Readonly<{ key: string; value: string | number | boolean | null; origin: string }>;

/** Names every key with its value and the layer that set it, in the order of the schema. What nobody set comes from `default`; `null`: it has no value. A table is told as JSON. */
export function settingsOf({ config, origin }: Loaded): readonly Setting[] {
  return Object.entries(configSchema.shape).flatMap(([section, reader]) => {
    const values: Readonly<Record<string, Setting["value"] | object | undefined>> =
      config[section as keyof typeof config];
    return Object.keys(reader.unwrap().shape).map((key): Setting => {
      const path = `${section}.${key}`;
      return { key: path, value: plain(values[key]), origin: origin[path] ?? "default" };
    });
  });
}

function plain(value: Setting["value"] | object | undefined): Setting["value"] {
  if (typeof value !== "object" || value === null) return value ?? null;
  return Object.keys(value).length === 0 ? null : JSON.stringify(value);
}
