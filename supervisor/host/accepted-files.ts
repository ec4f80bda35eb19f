import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Files } from "../daemon/ports.ts";
import { replaceFile } from "./replace-file.ts";

/** So many versions are kept, for whoever wants to see what was before. */
const KEPT = 5;

/**
 * The files as they were accepted last, whatever is on disk since: for services that start while those are not valid, and for the next supervisor.
 * Shape: `<state>/accepted/7/units/api.toml`, `<state>/accepted/7/config/local.toml`, `…/source/….toml`; `<state>/accepted/current` says "7".
 */
export interface AcceptedFiles {
  /** Where they are, also when there are none yet. */
  readonly folder: string;
  /** What is there. Null: nothing, or nothing that can be read. */
  last(): Accepted | null;
  /** Keeps these as the next version, unless they are the last one. Gives what went wrong, in one sentence: then none counts as the last. */
  keep(texts: Files["texts"]): string | null;
}

/** `root`: a folder with `units/` and `config/`. */
export type Accepted = Readonly<{ version: number; root: string }>;

export function createAcceptedFiles(stateDir: string): AcceptedFiles {
  const folder = join(stateDir, "accepted");
  const pointer = join(folder, "current");
  const last = (): Accepted | null => {
    const version = Number(textOf(pointer));
    const root = join(folder, String(version));
    return Number.isSafeInteger(version) && version > 0 && textsIn(root).size > 0 ? { version, root } : null;
  };
  return {
    folder,
    last,
    keep(texts) {
      const before = last();
      if (before && isSame(textsIn(before.root), texts)) return null;
      try {
        const version = Math.max(0, before?.version ?? 0, ...versionsIn(folder)) + 1;
        write(join(folder, String(version)), texts);
        replaceFile(pointer, `${version}\n`);
        prune(folder, version);
        return null;
      } catch (error) {
        rmSync(pointer, { force: true });
        return `the files that were accepted cannot be kept: ${(error as Error).message}`;
      }
    },
  };
}

/** The whole folder appears at once. */
function write(root: string, texts: Files["texts"]): void {
  const draft = `${root}.new`;
  rmSync(draft, { recursive: true, force: true });
  // A service looks for it also where it says nothing.
  mkdirSync(join(draft, "config"), { recursive: true, mode: 0o700 });
  for (const [file, text] of texts) {
    const path = join(draft, file);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(path, text, { mode: 0o600, flag: "wx" });
  }
  renameSync(draft, root);
}

function prune(folder: string, newest: number): void {
  for (const version of versionsIn(folder)) {
    if (version <= newest - KEPT) rmSync(join(folder, String(version)), { recursive: true, force: true });
  }
}

function versionsIn(folder: string): readonly number[] {
  return namesIn(folder)
    .filter((name) => /^\d{1,15}$/.test(name))
    .map(Number);
}

function textsIn(root: string): Files["texts"] {
  const files = ["units", "config", "source"].flatMap((name) =>
    namesIn(join(root, name)).map((file) => join(name, basename(file))),
  );
  return new Map(
    files.flatMap((file) => {
      const text = textOf(join(root, file));
      return text === null ? [] : [[file, text] as const];
    }),
  );
}

function isSame(one: Files["texts"], other: Files["texts"]): boolean {
  return one.size === other.size && [...one].every(([file, text]) => other.get(file) === text);
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // There is none yet.
  }
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null; // There is none yet, or none of ours.
  }
}
