import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fail, type Outcome, ok } from "../supervisor/unit/fault.ts";
import { configFault, type Layer, textLayer } from "./layer.ts";

/** What a remote source of settings says. Shape: `{ url: "https://host/settings.toml", text: "[api]\n…" }`. */
export type Sourced = Readonly<{ url: string; text: string }>;

const KEY = "supervisor.config_source";
/** What only the root's own files may say: from where settings come, and what is run. */
const OWN = [
  KEY,
  `${KEY}_token_file`,
  "credentials.key_command",
  "release.pre_deploy",
  "release.post_deploy",
  "release.post_rollback",
];

/** Whether any of these layers names a source. */
export const namesSource = (layers: readonly Layer[]): boolean => layers.some(({ values }) => KEY in values);

/** Reads it as a file is read. Errors: as those, and what it may not say. */
export function sourceLayer({ url, text }: Sourced): Outcome<Layer> {
  const read = textLayer(text, url);
  if (!read.ok) return read;
  const { lines, values } = read.value;
  const refused = Object.entries(values).flatMap(([key, value]) => {
    const line = lines[key];
    const at = { file: url, key, ...(line !== undefined && { line }) };
    if (OWN.includes(key)) return [configFault("may not come from a remote source: only config/ may say it", at)];
    const namesFile = JSON.stringify(value).includes("${" + "file:");
    return namesFile ? [configFault("a remote source may not name files of this machine", at)] : [];
  });
  const [first, ...rest] = refused;
  return first ? fail(first, ...rest) : ok(read.value);
}

/** Where it is kept beside `config/`, so that whoever finds it knows whose it is. Shape: `source/aHR0cHM6Ly9ob3N0L3gudG9tbA.toml`. */
export const sourceFile = (url: string): string => join("source", `${Buffer.from(url).toString("base64url")}.toml`);

/** What is kept in a folder of accepted files. Null: nothing. */
export function keptSource(root: string): Sourced | null {
  try {
    const name = readdirSync(join(root, "source")).find((one) => one.endsWith(".toml"));
    if (name === undefined) return null;
    const url = Buffer.from(name.slice(0, -".toml".length), "base64url").toString();
    return { url, text: readFileSync(join(root, "source", name), "utf8") };
  } catch {
    return null; // There was none when they were accepted.
  }
}
