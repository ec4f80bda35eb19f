import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Fault, fail, type Outcome, ok } from "../supervisor/unit/fault.ts";
import { configFault, environmentLayers, fileLayer, type Layer, overrideLayer } from "./layer.ts";
import { type Config, configSchema, type Section } from "./schema.ts";

export type LoadOrder = Readonly<{
  /** The folder with default.toml and the others. Each file may be missing: every key has a default. */
  folder: string;
  /** Whether the folder itself must be there: it was named by the user. */
  required?: boolean;
  env: Readonly<Record<string, string | undefined>>;
  /** What messages call the folder; unless told, its path. */
  shown?: string;
  /** Shape: `["queue.lease_ms=500"]`, from the command line. */
  overrides?: readonly string[];
  /** The last word. */
  layers?: readonly Layer[];
}>;

/** `origin` names the layer that set each key that was set. Shape: `{ "api.port": "$PORT", "queue.url": "config/local.toml" }`. */
export type Loaded = Readonly<{ config: Config; origin: Readonly<Record<string, string>> }>;

/**
 * Reads the configuration: default.toml < `$SUPERVISOR_ENV`.toml < local.toml < environment < overrides.
 * Errors: every fault of every layer at once, with file, line and key.
 */
export function loadConfig(order: LoadOrder): Outcome<Loaded> {
  const read = readKeys(order);
  if (!read.ok) return read;
  const setBy = read.value;
  const parsed = configSchema.safeParse(nested(setBy));
  if (!parsed.success) return failAll(parsed.error.issues.flatMap((issue) => issueFaults(issue, setBy)));
  const origin = Object.fromEntries([...setBy].map(([key, { name }]) => [key, name]));
  return ok({ config: parsed.data, origin });
}

/** Reads one section as its module has it. Errors: as `loadConfig`, of this section alone. */
export function loadSection<T>(order: LoadOrder, name: string, section: Section<T>): Outcome<T> {
  const read = readKeys(order);
  if (!read.ok) return read;
  const parsed = section.safeParse(nested(read.value)[name] ?? {});
  if (parsed.success) return ok(parsed.data);
  const issues = parsed.error.issues.map((issue) => ({ ...issue, path: [name, ...issue.path] }));
  return failAll(issues.flatMap((issue) => issueFaults(issue, read.value)));
}

/** The files of the configuration, there or not, the last one wins. Shape: `["default.toml", "production.toml", "local.toml"]`. */
export function configFiles(env: LoadOrder["env"]): readonly string[] {
  const environment = env.SUPERVISOR_ENV ?? "";
  return ["default", ...(environment === "" ? [] : [environment]), "local"].map((name) => `${name}.toml`);
}

/** Which layer has the last word on each key. */
function readKeys(order: LoadOrder): Outcome<ReadonlyMap<string, Layer>> {
  const read = readLayers(order);
  if (!read.ok) return read;
  const setBy = new Map<string, Layer>();
  for (const layer of read.value) for (const key of Object.keys(layer.values)) setBy.set(key, layer);
  return ok(setBy);
}

function readLayers(order: LoadOrder): Outcome<readonly Layer[]> {
  const { folder, shown = folder, required, env, overrides = [], layers = [] } = order;
  if (!/^[\w-]*$/.test(env.SUPERVISOR_ENV ?? "")) return fail(configFault("$SUPERVISOR_ENV: must be a plain name"));
  if (required && !existsSync(folder)) return fail(configFault(`${folder}: no such folder`));
  const files = configFiles(env).map((name) => fileLayer(join(folder, name), join(shown, name)));
  const sets = overrides.map(overrideLayer);
  const faults = [...files, ...sets].flatMap((one) => (one.ok ? [] : one.faults));
  if (faults.length > 0) return failAll(faults);
  const given = (outcomes: readonly Outcome<Layer | null>[]) =>
    outcomes.flatMap((one) => (one.ok && one.value ? [one.value] : []));
  return ok([...given(files), ...environmentLayers(env), ...given(sets), ...layers]);
}

function nested(setBy: ReadonlyMap<string, Layer>): Record<string, unknown> {
  const sections: Record<string, unknown> = {};
  for (const [path, layer] of setBy) {
    const [section = "", key] = path.split(".", 2);
    const value = layer.values[path];
    if (key === undefined) sections[section] = value;
    else sections[section] = { ...(sections[section] as object | undefined), [key]: value };
  }
  return sections;
}

type Issue = Readonly<{ code?: string; path: readonly PropertyKey[]; message: string; keys?: readonly string[] }>;

function issueFaults(issue: Issue, setBy: ReadonlyMap<string, Layer>): readonly Fault[] {
  if (issue.code !== "unrecognized_keys") return [faultAt(issue.path.join("."), issue.message, setBy)];
  const unknown = (issue.keys ?? []).map((key) => [...issue.path, key].join("."));
  return unknown.flatMap((path) => {
    const inSection = [...setBy.keys()].filter((key) => key.startsWith(`${path}.`));
    return (inSection.length > 0 ? inSection : [path]).map((key) => faultAt(key, "is not known", setBy));
  });
}

function faultAt(key: string, message: string, setBy: ReadonlyMap<string, Layer>): Fault {
  const parts = key.split(".");
  // A table below a key, such as queue.limits, was set as a whole.
  const set = parts.map((_, at) => parts.slice(0, parts.length - at).join(".")).find((path) => setBy.has(path));
  const layer = set === undefined ? undefined : setBy.get(set);
  if (!layer || set === undefined) return configFault(`${key}: ${message}`);
  const line = layer.lines[key] ?? layer.lines[set];
  return configFault(message, { file: layer.name, key, ...(line !== undefined && { line }) });
}

function failAll(faults: readonly Fault[]): Outcome<never> {
  const [first = configFault("is not valid"), ...rest] = faults;
  return fail(first, ...rest);
}
