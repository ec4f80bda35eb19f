import type { Loaded } from "./load.ts";
import { configSchema } from "./schema.ts";

/** Shape: `{ key: "api.port", value: 8080, origin: "config/local.toml" }`. */
export type Setting = Readonly<{ key: string; value: string | number | boolean | null; origin: string }>;

/** Names every key with its value and the layer that set it, in the order of the schema. What nobody set comes from `default`; `null`: it has no value. */
export function settingsOf({ config, origin }: Loaded): readonly Setting[] {
  return Object.entries(configSchema.shape).flatMap(([section, reader]) => {
    const values: Readonly<Record<string, Setting["value"] | undefined>> = config[section as keyof typeof config];
    return Object.keys(reader.unwrap().shape).map((key): Setting => {
      const path = `${section}.${key}`;
      return { key: path, value: values[key] ?? null, origin: origin[path] ?? "default" };
    });
  });
}
