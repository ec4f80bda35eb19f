import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** What placeholders stand for. */
export type Meanings = Readonly<{
  env: Readonly<Record<string, string | undefined>>;
}>;

/**
 * A value with its placeholders filled in. `isSecret`: something of it came from a file or a credential. `texts`: the paths below it of what was
 * a placeholder, which may stand for a number as well. `missing`: a sentence for each one that nothing stands for; the value is of no use then.
 */
export type Filled = Readonly<{
  value: unknown;
  isSecret: boolean;
  texts: readonly (readonly (string | number)[])[];
  missing: readonly string[];
}>;

/** A secret is short; what is longer is the wrong file. */
const MAX_BYTES = 64 * 1024;

const TOKEN = /\$?\$\{([^{}]*)\}?/g;
const VARIABLE = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;
const REFERENCE = /^(file|cred):(.+)$/s;
/** As `load_credential` names them. */
const CREDENTIAL = /^[A-Za-z0-9_-][A-Za-z0-9_.-]*$/;

/**
 * Fills in `${VAR}`, `${VAR:-default}`, `${file:PATH}` and `${cred:NAME}` in a string, or in every string of a table or an array.
 * Shape: `redis://:${cred:redis}@db` → `redis://:s3cret@db`. `$${` stands for `${`. An empty VAR takes the default too. One line end at the end
 * of a file is not part of the secret. What is filled in is not looked at again.
 */
export function fillPlaceholders(value: unknown, meanings: Meanings): Filled {
  if (typeof value === "string") return fillText(value, meanings);
  if (Array.isArray(value)) return fillAll([...value.entries()], meanings, (filled) => filled.map(([, one]) => one));
  if (!isTable(value)) return { value, isSecret: false, texts: [], missing: [] };
  return fillAll(Object.entries(value), meanings, Object.fromEntries);
}

function fillAll<Key extends string | number>(
  entries: readonly (readonly [Key, unknown])[],
  meanings: Meanings,
  whole: (filled: readonly (readonly [Key, unknown])[]) => unknown,
): Filled {
  const all = entries.map(([key, value]) => [key, fillPlaceholders(value, meanings)] as const);
  return {
    value: whole(all.map(([key, { value }]) => [key, value] as const)),
    isSecret: all.some(([, { isSecret }]) => isSecret),
    texts: all.flatMap(([key, { texts }]) => texts.map((path) => [key, ...path])),
    missing: all.flatMap(([, { missing }]) => missing),
  };
}

function fillText(text: string, meanings: Meanings): Filled {
  const missing: string[] = [];
  let isSecret = false;
  let isPlain = true;
  const value = text.replace(TOKEN, (token, inner: string) => {
    if (token.startsWith("$$")) return token.slice(1);
    isPlain = false;
    const found = token.endsWith("}") ? meaningOf(inner, meanings) : { fault: `\${${inner} does not end` };
    if ("fault" in found) missing.push(found.fault);
    else if (found.isSecret) isSecret = true;
    return "fault" in found ? token : found.text;
  });
  return { value, isSecret, texts: isPlain ? [] : [[]], missing };
}

type Meaning = Readonly<{ text: string; isSecret: boolean } | { fault: string }>;

function meaningOf(inner: string, { env }: Meanings): Meaning {
  const [, kind, name = ""] = REFERENCE.exec(inner) ?? [];
  if (kind === "file") return secretIn(name, inner);
  if (kind === "cred") return credential(name, env);
  const [match, variable = "", fallback] = VARIABLE.exec(inner) ?? [];
  if (match === undefined)
    return { fault: `\${${inner}} is no placeholder: it takes a variable, file:PATH or cred:NAME` };
  const found = Object.hasOwn(env, variable) ? env[variable] : undefined;
  const text = found === undefined || found === "" ? (fallback ?? found) : found;
  return text === undefined
    ? { fault: `\${${variable}} is not set, and there is no default` }
    : { text, isSecret: false };
}

/** Source: systemd.exec(5), $CREDENTIALS_DIRECTORY. */
function credential(name: string, { CREDENTIALS_DIRECTORY: directory }: Meanings["env"]): Meaning {
  if (!CREDENTIAL.test(name)) return { fault: `\${cred:${name}}: is no credential's name` };
  if (!directory) return { fault: `\${cred:${name}}: there are no credentials here; the unit needs load_credential` };
  return secretIn(join(directory, name), `cred:${name}`);
}

function secretIn(path: string, shown: string): Meaning {
  try {
    if (statSync(path).size > MAX_BYTES) return { fault: `\${${shown}}: is longer than ${MAX_BYTES} bytes` };
    return { text: readFileSync(path, "utf8").replace(/\r?\n$/, ""), isSecret: true };
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    return { fault: `\${${shown}}: ${code === "ENOENT" ? "is not there" : `cannot be read: ${code}`}` };
  }
}

/** A date of TOML is an object, too, and none of ours. */
function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !(value instanceof Date);
}
