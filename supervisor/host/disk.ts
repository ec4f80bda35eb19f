import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Disk, Files } from "../daemon/ports.ts";
import { fail, type Outcome, ok } from "../unit/fault.ts";
import { readUnits } from "../unit/set.ts";
import type { Setting } from "../unit/setting.ts";
import type { BindableSocket, Unit } from "../unit/unit.ts";
import { readRoot } from "./unit-files.ts";

export type DiskOptions = Readonly<{
  root: string;
  toBind: (unit: Unit) => Outcome<readonly BindableSocket[]>;
  /** Reads `config/` with all its layers. */
  settings: () => Outcome<readonly Setting[]>;
  /** The files below `config/` that have a say, there or not. Shape: `["config/default.toml"]`. */
  configFiles: readonly string[];
}>;

/** The unit files and the configuration of a root. */
export function createDisk({ root, toBind, settings, configFiles }: DiskOptions): Disk {
  const config = (): readonly (readonly [string, string])[] =>
    configFiles.flatMap((file) => {
      const text = textOf(join(root, file));
      return text === null ? [] : [[file, text] as const];
    });
  const read = (): Outcome<Files> => {
    const found = readRoot(root);
    // The texts come first: what changes while it is read shows as a change afterwards.
    const texts = new Map([...found.files.map(({ file, text }) => [file, text] as const), ...config()]);
    const units = readUnits(found.files, { unread: found.faults, toBind });
    const set = settings();
    if (units.ok && set.ok) return ok({ units: units.value, settings: set.value, texts });
    const [first, ...rest] = [units, set].flatMap((one) => (one.ok ? [] : one.faults));
    if (!first) throw new Error("refused without a fault");
    return fail(first, ...rest);
  };
  return {
    read,
    texts: () => new Map([...readRoot(root).files.map(({ file, text }) => [file, text] as const), ...config()]),
  };
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null; // It is not there, or `settings` says what is wrong with it.
  }
}
