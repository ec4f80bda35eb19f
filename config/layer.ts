import { readFileSync } from "node:fs";
import { parse, TomlError } from "smol-toml";
import { type Fault, fail, type Outcome, ok } from "../supervisor/unit/fault.ts";
import { positions } from "../supervisor/unit/position.ts";

/** One source of settings. Shape: `{ name: "config/local.toml", values: { "api.port": 8080 }, lines: { "api.port": 4 } }`. */
export type Layer = Readonly<{
  name: string;
  values: Readonly<Record<string, unknown>>;
  lines: Readonly<Record<string, number>>;
  /** `placeholders`: they are filled in. `text`: all is text, and a text may stand for a number. Left out: the values are what they are. */
  holds?: "placeholders" | "text";
}>;

/** Environment variables that set something. Source: the contract (QUEUE_URL, HOST, PORT), what containers are used to, OpenTelemetry (OTEL_…). */
const ENVIRONMENT = {
  SUPERVISOR_CONFIG_SOURCE: ["supervisor.config_source"],
  QUEUE_URL: ["queue.url"],
  HOST: ["api.host"],
  PORT: ["api.port"],
  WORKER_CONCURRENCY: ["worker.concurrency"],
  LOG_LEVEL: ["supervisor.log_level", "telemetry.log_level"],
  OTEL_EXPORTER_OTLP_ENDPOINT: ["telemetry.otlp_endpoint"],
  OTEL_SERVICE_NAME: ["telemetry.service_name"],
} as const satisfies Record<string, readonly string[]>;

/** Reads a file, which messages call `shown`. Null when it is not there. Errors: what cannot be read, and what is not TOML, with its line. */
export function fileLayer(path: string, file: string): Outcome<Layer | null> {
  const text = textOf(path);
  if (text === null) return ok(null);
  if (typeof text !== "string") return fail(configFault(`cannot be read: ${text.code}`, { file }));
  return textLayer(text, file);
}

/** Reads what such a file says. Errors: what is not TOML, with its line. */
export function textLayer(text: string, file: string): Outcome<Layer> {
  try {
    return ok({
      name: file,
      values: flat(parse(text)),
      lines: Object.fromEntries(positions(text)),
      holds: "placeholders",
    });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [message = "is not TOML"] = error.message.replace(/^Invalid TOML document: /, "").split("\n");
    return fail(configFault(message, { file, line: error.line }));
  }
}

/** Null: it is not there. */
function textOf(path: string): string | Readonly<{ code: string }> | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    return code === "ENOENT" ? null : { code };
  }
}

/** The environment's settings, one layer per variable, so that a fault can name it. An empty variable counts as unset. */
export function environmentLayers(env: Readonly<Record<string, string | undefined>>): readonly Layer[] {
  return Object.entries(ENVIRONMENT).flatMap(([name, keys]) => {
    const text = env[name];
    if (text === undefined || text === "") return [];
    return [{ name: `$${name}`, values: Object.fromEntries(keys.map((key) => [key, text])), lines: {}, holds: "text" }];
  });
}

/** One `--set section.key=value`. The value is TOML, or else taken as the text it is. Errors: no `=`, no section. */
export function overrideLayer(override: string): Outcome<Layer> {
  const match = /^([a-z_]+\.[a-z_]+)=(.*)$/s.exec(override);
  if (!match?.[1]) return fail(configFault(`--set ${override}: must be SECTION.KEY=VALUE`));
  const values = { [match[1]]: tomlValue(match[2] ?? "") };
  return ok({ name: `--set ${match[1]}`, values, lines: {}, holds: "placeholders" });
}

/** A fault of the configuration. */
export function configFault(message: string, at?: Fault["at"], code: Fault["code"] = "unit-invalid"): Fault {
  return { code, message, retry: "never", ...(at && { at }) };
}

/** Reads a text as TOML would; what is no TOML is the text itself. Shape: `8080` → 8080, `debug` → "debug". */
export function tomlValue(text: string): unknown {
  try {
    return parse(`value = ${text}`).value;
  } catch {
    return text; // A bare word: --set telemetry.log_level=debug
  }
}

function flat(tables: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const isTable = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);
  const entries = Object.entries(tables).flatMap(([section, table]) =>
    isTable(table)
      ? Object.entries(table as object).map(([key, value]) => [`${section}.${key}`, value] as const)
      : [[section, table] as const],
  );
  return Object.fromEntries(entries);
}
