import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fail, type Outcome } from "../unit/fault.ts";
import { readUnits } from "../unit/set.ts";
import type { Unit } from "../unit/unit.ts";

/** Reads every `units/*.toml` below a root. Errors: every fault of every file at once. */
export function loadUnits(root: string): Outcome<readonly Unit[]> {
  const folder = join(root, "units");
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith(".toml"));
    return readUnits(
      names.sort().map((name) => ({
        name: name.slice(0, -".toml".length),
        file: join("units", name),
        text: readFileSync(join(folder, name), "utf8"),
      })),
    );
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const text = code === "ENOENT" ? `${folder} does not exist` : `${folder} cannot be read: ${message}`;
    return fail({ code: "unit-invalid", message: text, retry: "never", at: { file: folder } });
  }
}
