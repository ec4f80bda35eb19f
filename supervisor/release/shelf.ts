import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeSync,
} from "node:fs";
import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { RELEASE_NAME, releasesIn } from "../unit/release.ts";
import { blank, decodeLedger, encodeLedger, type Ledger } from "./ledger.ts";
import { decodeManifest, type Manifest } from "./manifest.ts";
import { TREE } from "./snapshot.ts";

/** The small file beside the tree of a release. Whoever has one is whole: it is there before the release has its name. */
export const MANIFEST = "manifest.json";
/** What is being made, and what is being removed: no release. */
export const DRAFT_PREFIX = ".new-";
const GONE_PREFIX = ".gone-";

/** The releases of a state directory, on disk. Nothing throws but a bug. */
export interface Shelf {
  /** In the order in which they were made. */
  list(): readonly Manifest[];
  /** Null: there is none of that name, or it is not whole. */
  find(release: string): Manifest | null;
  /** All of it, or nothing at all. Gives what went wrong, or null. */
  write(ledger: Ledger): string | null;
  /** Lets `current` lead there. Whoever was killed between the ledger and that has left it behind. */
  point(release: string | null): void;
  /** Takes releases away. They have no name any more when this returns; their files go later. */
  remove(releases: readonly string[]): void;
  /** Lets users who run services pass through the state directory, and not look into it. */
  letPass(): void;
}

/** Errors of `read`: why the ledger cannot be read. One that is not there is blank. */
export function readLedger(stateDir: string): Readonly<{ ledger: Ledger } | { fault: string }> {
  const path = ledgerIn(stateDir);
  try {
    const ledger = decodeLedger(readFileSync(path, "utf8"));
    return ledger ? { ledger } : { fault: `${path}: it is not in a format that this version reads` };
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    return code === "ENOENT" ? { ledger: blank } : { fault: `${path}: ${message}` };
  }
}

export function openShelf(stateDir: string): Shelf {
  const folder = releasesIn(stateDir);
  const link = join(stateDir, "current");
  const find = (release: string): Manifest | null => {
    const text = RELEASE_NAME.test(release) ? textOf(join(folder, release, MANIFEST)) : null;
    return text === null ? null : decodeManifest(release, text);
  };
  return {
    find,
    list: () =>
      namesIn(folder)
        .flatMap((name) => find(name) ?? [])
        .sort((a, b) => (a.at === b.at ? (a.id < b.id ? -1 : 1) : a.at < b.at ? -1 : 1)),
    write: (ledger) =>
      attempt(() => {
        replaceDurably(ledgerIn(stateDir), encodeLedger(ledger));
        pointAt(link, ledger.current);
      }),
    point: (release) => void attempt(() => pointAt(link, release)),
    remove(releases) {
      for (const release of releases) {
        const gone = join(folder, GONE_PREFIX + release);
        // What cannot be renamed stays a release, and is tried again after the next deployment.
        if (attempt(() => renameSync(join(folder, release), gone)) === null) void removeLater(gone);
      }
      for (const name of namesIn(folder)) if (name.startsWith(GONE_PREFIX)) void removeLater(join(folder, name));
    },
    letPass() {
      if (process.geteuid?.() === 0) attempt(() => chmodSync(stateDir, 0o711));
    },
  };
}

const ledgerIn = (stateDir: string): string => join(stateDir, "releases.json");

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // Nothing was ever deployed here.
  }
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null; // As a manifest that says nothing: there is no such release.
  }
}

/** It outlives a power cut as well, as the releases do that it speaks of. Errors: throws what `node:fs` throws. */
export function replaceDurably(path: string, text: string): void {
  const draft = `${path}.new`;
  rmSync(draft, { force: true });
  const fd = openSync(draft, "wx", 0o600);
  try {
    const bytes = Buffer.from(text);
    if (writeSync(fd, bytes) < bytes.length) throw new Error("only a part of it could be written");
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(draft, path);
  syncFolder(dirname(path));
}

export function syncFolder(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** For people and their scripts; the supervisor itself goes by the ledger alone. */
function pointAt(link: string, release: string | null): void {
  if (release === null) {
    rmSync(link, { force: true });
    return;
  }
  const target = join("releases", release, TREE);
  if (linkAt(link) === target) return;
  rmSync(`${link}.new`, { force: true });
  symlinkSync(target, `${link}.new`);
  renameSync(`${link}.new`, link);
}

function linkAt(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null; // It is not there, or somebody has put something else in its place.
  }
}

/** Aside, since a tree may be large. What is left is tried again by the next one. */
async function removeLater(path: string): Promise<void> {
  if (existsSync(path)) await rm(path, { recursive: true, force: true }).catch(() => undefined);
}

function attempt(action: () => void): string | null {
  try {
    action();
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}
