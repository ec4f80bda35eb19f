import type { Loaded } from "./load.ts";
import { configSchema, isLive } from "./schema.ts";

/** Shape: `{ key: "api.port", value: 8080, origin: "config/local.toml:4", secret: false, live: false }`. */
export type Setting = Readonly<{
  key: string;
  value: string | number | boolean | null;
  origin: string;
  secret: boolean;
  live: boolean;
}>;

/**
 * Names every key with its value and the layer that set it, in the order of the schema. What nobody set comes from `default`; `null`: it has no value.
 * A table is told as JSON. What is left to another process is told as the file says it. `secret`: it came from a file or a credential. `live`: see `isLive`.
 */
export function settingsOf({ config, keys }: Loaded): readonly Setting[] {
  return Object.entries(configSchema.shape).flatMap(([section, reader]) => {
    const values: Readonly<Record<string, Setting["value"] | object | undefined>> =
      config[section as keyof typeof config];
    return Object.keys(reader.unwrap().shape).map((name): Setting => {
      const key = `${section}.${name}`;
      const set = keys.get(key);
      const value = set?.isLeft ? (set.value as Setting["value"] | object) : values[name];
      const about = { secret: set?.isSecret ?? false, live: isLive(key) };
      return { key, value: plain(value), origin: originOf(key, set), ...about };
    });
  });
}

function originOf(key: string, set: ReturnType<Loaded["keys"]["get"]>): string {
  if (!set) return "default";
  const { name, lines } = set.layer;
  return lines[key] === undefined ? name : `${name}:${lines[key]}`;
}

function plain(value: Setting["value"] | object | undefined): Setting["value"] {
  if (typeof value !== "object" || value === null) return value ?? null;
  return Object.keys(value).length === 0 ? null : JSON.stringify(value);
}

/** Names the keys whose values differ. Shape: `["api.port"]`. */
export function changedKeys(before: Loaded, now: Loaded): readonly string[] {
  const old = new Map(settingsOf(before).map(({ key, value }) => [key, value]));
  return settingsOf(now).flatMap(({ key, value }) => (old.get(key) === value ? [] : [key]));
}
