import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Fault, fail, type Outcome, ok } from "../supervisor/unit/fault.ts";
import { asWanted, type FillOrder, type Issue, issueFaults, keysOf, nested, type SetKeys } from "./keys.ts";
import { configFault, environmentLayers, fileLayer, type Layer, overrideLayer } from "./layer.ts";
import { type Config, configSchema, type Section } from "./schema.ts";
import { keptSource, namesSource, type Sourced, sourceLayer } from "./source.ts";

export type LoadOrder = FillOrder &
  Readonly<{
    /** The folder with default.toml and the others. Each file may be missing: every key has a default. */
    folder: string;
    /** Whether the folder itself must be there: it was named by the user. */
    required?: boolean;
    /** Where a supervisor keeps what it has accepted (`$SUPERVISOR_CONFIG`): what is there is read instead of the folder, if it can be. */
    accepted?: string | undefined;
    /** What messages call the folder; unless told, its path. */
    shown?: string;
    /** What the remote source says, if `supervisor.config_source` names one. Where what was accepted is read, that of it counts. */
    source?: Sourced | null;
    /** Shape: `["queue.lease_ms=500"]`, from the command line. */
    overrides?: readonly string[];
    /** The last word. */
    layers?: readonly Layer[];
  }>;

/** `keys`: those that somebody has set. */
export type Loaded = Readonly<{ config: Config; keys: SetKeys }>;

/**
 * Reads the configuration: default.toml < `$SUPERVISOR_ENV`.toml < local.toml < the remote source < environment < overrides.
 * Errors: every fault of every layer at once, with file, line and key.
 */
export function loadConfig(order: LoadOrder): Outcome<Loaded> {
  const read = readKeys(order);
  if (!read.ok) return read;
  const { keys, faults } = read.value;
  const parsed = parseAs(configSchema, nested(keys), keys, []);
  const all = [...faults, ...(parsed.ok ? [] : parsed.faults)];
  return all.length === 0 && parsed.ok ? ok({ config: parsed.value, keys }) : failAll(all);
}

/** Reads one section as its module has it. Errors: as `loadConfig`, of this section alone. */
export function loadSection<T>(order: LoadOrder, name: string, section: Section<T>): Outcome<T> {
  const read = readKeys(order);
  if (!read.ok) return read;
  const { keys, faults } = read.value;
  const parsed = sectionOf(keys, name, section);
  const own = faults.filter(({ at }) => at?.key?.startsWith(`${name}.`));
  const all = [...own, ...(parsed.ok ? [] : parsed.faults)];
  return all.length === 0 ? parsed : failAll(all);
}

/** The same of what is read already. */
export function sectionOf<T>(keys: SetKeys, name: string, section: Section<T>): Outcome<T> {
  return parseAs(section, nested(keys)[name] ?? {}, keys, [name]);
}

/** The files of the configuration, there or not, the last one wins. Shape: `["default.toml", "production.toml", "local.toml"]`. */
export function configFiles(env: LoadOrder["env"]): readonly string[] {
  const environment = env.SUPERVISOR_ENV ?? "";
  return ["default", ...(environment === "" ? [] : [environment]), "local"].map((name) => `${name}.toml`);
}

function readKeys(order: LoadOrder): Outcome<ReturnType<typeof keysOf>> {
  const read = readLayers(order);
  return read.ok ? ok(keysOf(read.value, order)) : read;
}

function readLayers(order: LoadOrder): Outcome<readonly Layer[]> {
  const { required, env, overrides = [], layers = [] } = order;
  const accepted = acceptedRoot(order.accepted);
  const folder = accepted === null ? order.folder : join(accepted, "config");
  const { shown = order.folder } = order;
  if (!/^[\w-]*$/.test(env.SUPERVISOR_ENV ?? "")) return fail(configFault("$SUPERVISOR_ENV: must be a plain name"));
  if (required && !existsSync(folder)) return fail(configFault(`${folder}: no such folder`));
  const files = configFiles(env).map((name) => fileLayer(join(folder, name), join(shown, name)));
  const sets = overrides.map(overrideLayer);
  const faults = [...files, ...sets].flatMap((one) => (one.ok ? [] : one.faults));
  if (faults.length > 0) return failAll(faults);
  const given = (outcomes: readonly Outcome<Layer | null>[]) =>
    outcomes.flatMap((one) => (one.ok && one.value ? [one.value] : []));
  const [below, above] = [given(files), [...environmentLayers(env), ...given(sets), ...layers]];
  const own = namesSource([...below, ...above]) ? order.source : null;
  const said = accepted === null ? own : keptSource(accepted);
  const source = said ? sourceLayer(said) : ok(null);
  return source.ok ? ok([...below, ...given([source]), ...above]) : source;
}

/**
 * The root of the version that was accepted last. Null: there is none, or this user may not read it.
 * Why at all: what is written to `config/` meanwhile may be half of it, or wrong, and a service that starts again by itself must come up.
 */
function acceptedRoot(accepted: string | undefined): string | null {
  if (!accepted) return null;
  try {
    const root = join(accepted, readFileSync(join(accepted, "current"), "utf8").trim());
    return statSync(join(root, "config")).isDirectory() ? root : null;
  } catch {
    return null; // Whoever may not look there reads config/ itself.
  }
}

/** `at`: where the schema's document stands in the whole. */
function parseAs<T>(schema: Section<T>, document: unknown, keys: SetKeys, at: readonly string[]): Outcome<T> {
  const placed = (issues: readonly Issue[]) => issues.map((issue) => ({ ...issue, path: [...at, ...issue.path] }));
  const whole = (part: unknown) => at.reduceRight<unknown>((inner, step) => ({ [step]: inner }), part);
  const part = (of: unknown) => at.reduce<unknown>((outer, step) => (outer as Record<string, unknown>)[step], of);
  const first = schema.safeParse(document);
  if (first.success) return ok(first.data);
  const wanted = asWanted(whole(document), placed(first.error.issues), keys);
  const last = wanted === null ? first : schema.safeParse(part(wanted));
  if (last.success) return ok(last.data);
  return failAll(placed(last.error.issues).flatMap((issue) => issueFaults(issue, keys)));
}

function failAll(faults: readonly Fault[]): Outcome<never> {
  const [first = configFault("is not valid"), ...rest] = faults;
  return fail(first, ...rest);
}
