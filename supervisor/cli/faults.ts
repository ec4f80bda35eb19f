import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Found } from "../host/unit-files.ts";
import { type Fault, type Outcome, ok } from "../unit/fault.ts";
import { resolvePath } from "../unit/path.ts";
import { lineOf, positions } from "../unit/position.ts";
import type { Unit } from "../unit/unit.ts";

/** Where units run: sockets lie below the root, whatever folder the files are in. */
export type Place = Readonly<{ root: string; stateDir: string }>;

/**
 * Reads units as the daemon would. Errors: every fault of every file.
 * Why: the readers are loaded here and not above, since they bring zod, which no other verb needs.
 */
export async function readFound(found: Found, { root, stateDir }: Place): Promise<Outcome<readonly Unit[]>> {
  const { readUnits } = await import("../unit/set.ts");
  const { socketsToBind } = await import("../unit/listen.ts");
  const toBind = (unit: Unit) => socketsToBind(unit, { root, stateDir, environ: process.env });
  return readUnits(found.files, { unread: found.faults, toBind });
}

/** The settings of a folder that has a `config/`. Errors: every fault of every layer. */
export async function readConfig(folder: string) {
  const { loadConfig } = await import("../../config/load.ts");
  const { isOthers } = await import("../../config/schema.ts");
  const loaded = loadConfig({ folder: join(folder, "config"), shown: "config", env: process.env, isOthers });
  return loaded.ok ? ok(loaded.value.config) : loaded;
}

/** The scripts of units that are not there. One whose name is only known at the start is not looked for. */
export function missingScripts(units: readonly Unit[], { files }: Found, folder: string): readonly Fault[] {
  return units.flatMap((unit): Fault[] => {
    const { exec } = unit.service;
    if (exec.tag !== "script" || /[%$]/.test(exec.script)) return [];
    if (existsSync(resolvePath(folder, exec.script))) return [];
    const key = "service.script";
    const text = files.find(({ name }) => name === unit.name)?.text ?? "";
    const at = { file: unit.file, key, line: lineOf(positions(text), key) };
    return [{ code: "unit-invalid", message: `${exec.script} is not there`, retry: "never", unit: unit.name, at }];
  });
}
