import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Disk, Files } from "../daemon/ports.ts";
import { type Fault, fail, type Outcome, ok } from "../unit/fault.ts";
import { lineOf, positions } from "../unit/position.ts";
import { ofRelease } from "../unit/release.ts";
import { readUnits } from "../unit/set.ts";
import { type Setting, sourceIn } from "../unit/setting.ts";
import type { BindableSocket, Unit } from "../unit/unit.ts";
import type { AcceptedFiles } from "./accepted-files.ts";
import { readRoot } from "./unit-files.ts";

export type DiskOptions = Readonly<{
  root: string;
  /** The release whose tree the root is; null: it is none's. */
  release: string | null;
  toBind: (unit: Unit) => Outcome<readonly BindableSocket[]>;
  /** Reads `config/` with all its layers. */
  settings: () => Outcome<readonly Setting[]>;
  /** What a remote source of settings has said, as the file that it is kept as. Null: nothing, or there is none. */
  source: () => Readonly<{ file: string; text: string }> | null;
  accepted: AcceptedFiles;
}>;

/** The unit files and the configuration of a root. */
export function createDisk({ root, release, toBind, settings, source, accepted }: DiskOptions): Disk {
  const config = (): readonly (readonly [string, string])[] =>
    configFilesIn(root).flatMap((file) => {
      const text = textOf(join(root, file));
      return text === null ? [] : [[file, text] as const];
    });
  const sourced = (): readonly (readonly [string, string])[] => {
    const said = source();
    return said ? [[said.file, said.text]] : [];
  };
  const read = (): Outcome<Files> => {
    const found = readRoot(root);
    // The texts come first: what changes while it is read shows as a change afterwards.
    const own = [...found.files.map(({ file, text }) => [file, text] as const), ...config()];
    const units = readUnits(found.files, { unread: found.faults, toBind });
    const set = settings();
    const texts = new Map([...own, ...(set.ok && namesSource(set.value) ? sourced() : [])]);
    const read = units.ok && set.ok ? withSettings(ofRelease(units.value, release), set.value, texts) : null;
    if (read?.ok && set.ok) return ok({ units: read.value, settings: set.value, texts });
    const [first, ...rest] = [units, set, read].flatMap((one) => (!one || one.ok ? [] : one.faults));
    if (!first) throw new Error("refused without a fault");
    return fail(first, ...rest);
  };
  return {
    accepted: accepted.folder,
    keep: (texts) => accepted.keep(texts),
    read,
    texts: () => {
      const own = readRoot(root).files.map(({ file, text }) => [file, text] as const);
      return new Map([...own, ...config(), ...sourced()]);
    },
  };
}

const namesSource = (settings: readonly Setting[]): boolean => sourceIn(settings) !== null;

/** Those that have no say here may have one for a service, by its `$SUPERVISOR_ENV`. Shape: `["config/default.toml"]`. */
function configFilesIn(root: string): readonly string[] {
  try {
    const names = readdirSync(join(root, "config")).filter((name) => name.endsWith(".toml"));
    return names.sort().map((name) => join("config", name));
  } catch {
    return []; // It is not there, or `settings` says what is wrong with it.
  }
}

/** Tells each unit what the sections say that it reads. Errors: unit-invalid for a section that is not there. */
function withSettings(
  units: readonly Unit[],
  settings: readonly Setting[],
  texts: Files["texts"],
): Outcome<readonly Unit[]> {
  const sectionOf = ({ key }: Setting): string => key.split(".")[0] ?? "";
  const known = [...new Set(settings.map(sectionOf))];
  const faults = units.flatMap(({ name, file, service }) =>
    service.config.flatMap((section, at): readonly Fault[] => {
      if (known.includes(section)) return [];
      const message = `config/ has no section "${section}"; there are ${known.join(", ")}`;
      const key = `service.config.${at}`;
      const place = { file, key, line: lineOf(positions(texts.get(file) ?? ""), key) };
      return [{ code: "unit-invalid", message, retry: "never", unit: name, at: place }];
    }),
  );
  const [first, ...rest] = faults;
  if (first) return fail(first, ...rest);
  return ok(
    units.map((unit) => {
      const own = settings.filter((one) => unit.service.config.includes(sectionOf(one)));
      const read = own.map(({ key, value, live }) => [key, { mark: markOf(value), live }] as const);
      return { ...unit, service: { ...unit.service, settings: Object.fromEntries(read) } };
    }),
  );
}

/** A value that may be a secret is not kept beside those that are shown. */
const markOf = (value: Setting["value"]): string =>
  createHash("sha256").update(JSON.stringify(value)).digest("base64url");

function textOf(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null; // It is not there, or `settings` says what is wrong with it.
  }
}
