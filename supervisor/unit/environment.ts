import { parseEnvironmentFile, type Variable } from "./environment-file.ts";
import type { Fault } from "./fault.ts";
import type { Unit } from "./unit.ts";

/** A file that `environmentFilePaths` named, as the caller found it. `text: null`: it is not there. */
export type EnvironmentText = Readonly<{ path: string; text: string | null }>;

type Environ = Readonly<Record<string, string | undefined>>;

/**
 * Gives what a child starts from: the supervisor's own environment less what was meant for the supervisor alone,
 * or with `inherit_environment = false` a clean one. Source: systemd.exec(5), "Environment Variables in Spawned Processes".
 */
export function baseEnvironment(unit: Unit, environ: Environ): Record<string, string> {
  const base = unit.service.inheritEnvironment ? environ : { PATH, LANG: environ.LANG };
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
const OWN = /^(?:LISTEN_.*|NOTIFY_SOCKET|WATCHDOG_.*|INVOCATION_ID|SUPERVISOR_.*|CREDENTIALS_DIRECTORY)$/s;

function missingFile(unit: Unit, path: string): Fault {
  const message = `there is no file ${path}; a "-" before the path would allow that`;
  const at = { file: unit.file, key: "service.environment_file" };
  return { code: "unit-invalid", message, retry: "later", unit: unit.name, at };
}
