import type { Fault } from "../supervisor/unit/fault.ts";
import { configFault, type Layer, tomlValue } from "./layer.ts";
import { fillPlaceholders } from "./placeholder.ts";

/** What a key was set to, and by which layer. */
export type SetKey = Readonly<{
  layer: Layer;
  value: unknown;
  /** Something of it came from a file or a credential. */
  isSecret: boolean;
  /** The paths below the value of texts that may stand for something else, such as a number. */
  texts: readonly (readonly (string | number)[])[];
  /** Its placeholders are filled in by another process: the value is what the file says. */
  isLeft: boolean;
}>;

/** By `section.key`. */
export type SetKeys = ReadonlyMap<string, SetKey>;

export type FillOrder = Readonly<{
  env: Readonly<Record<string, string | undefined>>;
  /** Whether a key is somebody else's to read: a placeholder that stands for nothing here may stand for something there. */
  isOthers?: (key: string) => boolean;
}>;

/** Finds which layer has the last word on each key, and fills in the placeholders of what holds. */
export function keysOf(
  layers: readonly Layer[],
  order: FillOrder,
): Readonly<{ keys: SetKeys; faults: readonly Fault[] }> {
  const setBy = new Map<string, Layer>();
  for (const layer of layers) for (const key of Object.keys(layer.values)) setBy.set(key, layer);
  const faults: Fault[] = [];
  const keys = [...setBy].map(([key, layer]): readonly [string, SetKey] => {
    const raw = layer.values[key];
    const plain = { layer, value: raw, isSecret: false, isLeft: false };
    if (layer.holds !== "placeholders") return [key, { ...plain, texts: layer.holds === "text" ? [[]] : [] }];
    const { value, isSecret, texts, missing } = fillPlaceholders(raw, order);
    if (missing.length === 0) return [key, { layer, value, isSecret, texts, isLeft: false }];
    if (order.isOthers?.(key)) return [key, { ...plain, texts, isLeft: true }];
    faults.push(...missing.map((message) => faultAt(key, message, setBy, "placeholder-missing")));
    return [key, { ...plain, texts }];
  });
  return { keys: new Map(keys), faults };
}

/** Puts the keys into their sections, less those that are left to another process. */
export function nested(keys: SetKeys): Record<string, unknown> {
  const sections: Record<string, unknown> = {};
  for (const [path, { value, isLeft }] of keys) {
    if (isLeft) continue;
    const [section = "", key] = path.split(".", 2);
    if (key === undefined) sections[section] = value;
    else sections[section] = { ...(sections[section] as object | undefined), [key]: value };
  }
  return sections;
}

export type Issue = Readonly<{
  code?: string;
  path: readonly PropertyKey[];
  message: string;
  keys?: readonly string[];
}>;

/**
 * Reads texts as what they stand for where the schema wants something else than a text: a variable and a secret are text, `api.port` is a number.
 * Null: there is nothing of the kind. Why by the schema's word: a password of digits is to stay one.
 */
export function asWanted(document: unknown, issues: readonly Issue[], keys: SetKeys): unknown {
  const wrong = issues.filter(({ code, path }) => code === "invalid_type" && isText(path, keys));
  if (wrong.length === 0) return null;
  return wrong.reduce<unknown>((changed, { path }) => replaced(changed, path, tomlOf), document);
}

const tomlOf = (value: unknown): unknown => (typeof value === "string" ? tomlValue(value) : value);

function isText(path: readonly PropertyKey[], keys: SetKeys): boolean {
  const [section, key, ...below] = path.map(String);
  const texts = keys.get(`${section}.${key}`)?.texts ?? [];
  return texts.some((text) => text.length === below.length && text.every((step, at) => String(step) === below[at]));
}

function replaced(
  value: unknown,
  [step, ...rest]: readonly PropertyKey[],
  change: (value: unknown) => unknown,
): unknown {
  if (step === undefined) return change(value);
  if (Array.isArray(value)) return value.map((one, at) => (at === Number(step) ? replaced(one, rest, change) : one));
  const table = value as Readonly<Record<PropertyKey, unknown>>;
  return { ...table, [step]: replaced(table[step], rest, change) };
}

/** Words an issue of the schema for each key that it is about, with the place of that. */
export function issueFaults(issue: Issue, keys: SetKeys): readonly Fault[] {
  const setBy = new Map([...keys].map(([key, { layer }]) => [key, layer]));
  if (issue.code !== "unrecognized_keys") return [faultAt(issue.path.join("."), issue.message, setBy)];
  const unknown = (issue.keys ?? []).map((key) => [...issue.path, key].join("."));
  return unknown.flatMap((path) => {
    const inSection = [...setBy.keys()].filter((key) => key.startsWith(`${path}.`));
    return (inSection.length > 0 ? inSection : [path]).map((key) => faultAt(key, "is not known", setBy));
  });
}

function faultAt(key: string, message: string, setBy: ReadonlyMap<string, Layer>, code?: Fault["code"]): Fault {
  const parts = key.split(".");
  // A table below a key, such as queue.limits, was set as a whole.
  const set = parts.map((_, at) => parts.slice(0, parts.length - at).join(".")).find((path) => setBy.has(path));
  const layer = set === undefined ? undefined : setBy.get(set);
  if (!layer || set === undefined) return configFault(`${key}: ${message}`, undefined, code);
  const line = nearestLine(layer, key);
  return configFault(message, { file: layer.name, key, ...(line !== undefined && { line }) }, code);
}

/** The line of a key, or of what it stands in. Why 1 for what is nowhere: a quoted key may be spelt in many ways. */
function nearestLine({ lines }: Layer, key: string): number | undefined {
  const parts = key.split(".");
  const around = parts.map((_, at) => lines[parts.slice(0, parts.length - at).join(".")]);
  return around.find((line) => line !== undefined) ?? (Object.keys(lines).length > 0 ? 1 : undefined);
}
