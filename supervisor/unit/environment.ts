import { parseEnvironmentFile, type Variable } from "./environment-file.ts";
import type { Fault } from "./fault.ts";
import type { Unit } from "./unit.ts";

/** A file that `environmentFilePaths` named, as the caller found it. `text: null`: it is not there. */
export type EnvironmentText = Readonly<{ path: string; text: string | null }>;

/** What an account brings along. Shape: `{ HOME: "/var/www", USER: "www-data", LOGNAME: "www-data" }`. */
export type Login = Readonly<Partial<Record<"HOME" | "USER" | "LOGNAME" | "SHELL", string>>>;

type Environ = Readonly<Record<string, string | undefined>>;

/**
 * Gives what a child starts from: the supervisor's own environment less what was meant for the supervisor alone,
 * or with `inherit_environment = false` a clean one. `login`, given for a unit with a `user`, takes the place of what says
 * whose session the supervisor itself runs in. Source: systemd.exec(5), "Environment Variables in Spawned Processes".
 */
export function baseEnvironment(unit: Unit, environ: Environ, login?: Login): Record<string, string> {
  const inherited = unit.service.inheritEnvironment ? environ : { PATH, LANG: environ.LANG };
  const base = login === undefined ? inherited : { ...inherited, ...NOBODY, ...login };
  const kept = Object.entries(base).filter((entry): entry is [string, string] => {
    return entry[1] !== undefined && !OWN.test(entry[0]);
  });
  return Object.fromEntries(kept);
}

/** Reads the environment files in order. A missing one is a fault unless it is optional. */
export function readEnvironmentFiles(
  unit: Unit,
  wanted: readonly Readonly<{ path: string; optional: boolean }>[],
  found: readonly EnvironmentText[],
): Readonly<{ variables: readonly Variable[]; faults: readonly Fault[] }> {
  const variables: Variable[] = [];
  const faults: Fault[] = [];
  for (const { path, optional } of wanted) {
    const text = found.find((each) => each.path === path)?.text ?? null;
    if (text === null) {
      if (!optional) faults.push(missingFile(unit, path));
      continue;
    }
    const read = parseEnvironmentFile(path, text);
    if (read.ok) variables.push(...read.value);
    else faults.push(...read.faults.map((fault) => ({ ...fault, unit: unit.name })));
  }
  return { variables, faults };
}

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const NOBODY = { HOME: undefined, USER: undefined, LOGNAME: undefined, SHELL: undefined };
const OWN =
  /^(?:LISTEN_.*|NOTIFY_SOCKET|FDSTORE|WATCHDOG_.*|INVOCATION_ID|SUPERVISOR_(?:UNIT|INSTANCE|GENERATION|HANDOVER|DRAIN_MS|CONFIG|STATE|TOKEN)|CREDENTIALS_DIRECTORY)$/s;

function missingFile(unit: Unit, path: string): Fault {
  const message = `there is no file ${path}; a "-" before the path would allow that`;
  const at = { file: unit.file, key: "service.environment_file" };
  return { code: "unit-invalid", message, retry: "later", unit: unit.name, at };
}
