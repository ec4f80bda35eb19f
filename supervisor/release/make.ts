import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { releasesIn } from "../unit/release.ts";
import { encodeManifest, type Manifest, nameOf } from "./manifest.ts";
import { DRAFT_PREFIX, MANIFEST, openShelf, syncFolder } from "./shelf.ts";
import { takeSnapshot } from "./snapshot.ts";
import { Untakeable } from "./walk.ts";

export type MakeOptions = Readonly<{
  source: string;
  root: string;
  stateDir: string;
  exclude: readonly string[];
  shared: readonly string[];
  /** Null: it is named by the time and by what is in it. */
  name: string | null;
  now: Date;
  runtime: string;
  by: string | null;
  commit: string | null;
  /** Where it comes from, for people. */
  origin: string;
  /** Puts everything below a path on the disk. */
  sync: (path: string) => void;
}>;

/** `isNew`: false where that very content was there already. */
export type MadeRelease = Readonly<{ manifest: Manifest; isNew: boolean }>;

/** So many earlier releases are looked at for files that have not changed since. */
const EARLIER = 3;
const GIT_LIMIT_MS = 10_000;

/**
 * Makes a release of a folder. It has its name when all of it is on the disk, and not before: whoever is killed in the middle leaves
 * a draft, which the next one sweeps away. The caller holds the lock of the releases.
 * Errors: throws Untakeable, and what `node:fs` throws; nothing is left then.
 */
export function makeRelease(options: MakeOptions): MadeRelease {
  const { stateDir, name, now, sync } = options;
  const folder = releasesIn(stateDir);
  const shelf = openShelf(stateDir);
  const before = shelf.list();
  const earlier = before.slice(-EARLIER).map(({ id }) => join(folder, id));
  const draft = mkdtempSync(join(folder, DRAFT_PREFIX));
  try {
    const { configHash, sizeBytes, addedBytes, ...taken } = takeSnapshot({ ...options, folder: draft, earlier });
    const same = before.findLast(({ hash }) => hash === taken.hash);
    if (same && (name === null || name === same.id)) return { manifest: same, isNew: false };
    const id = name ?? nameOf(now, taken.hash);
    if (shelf.find(id)) throw new Untakeable(`there is a release ${id} already, and it is another one`);
    const { runtime, by, commit, origin } = options;
    const sizes = { config_hash: configHash, size_bytes: sizeBytes, added_bytes: addedBytes };
    const made = { id, ...taken, ...sizes, runtime, commit, by, at: now.toISOString(), source: origin };
    writeFileSync(join(draft, MANIFEST), encodeManifest(made), { flag: "wx" });
    chmodSync(draft, 0o755);
    sync(draft);
    renameSync(draft, join(folder, id));
    syncFolder(folder);
    return { manifest: { format: 1, ...made }, isNew: true };
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Makes the folder of the releases, and takes away drafts that somebody was killed over. Only whoever holds its lock may. */
export function sweepDrafts(stateDir: string): void {
  const folder = releasesIn(stateDir);
  for (const name of readdirSync(folder)) {
    if (name.startsWith(DRAFT_PREFIX)) rmSync(join(folder, name), { recursive: true, force: true });
  }
}

/** Errors: throws what `node:fs` throws. */
export function makeShelf(stateDir: string): string {
  const folder = releasesIn(stateDir);
  if (!existsSync(folder)) mkdirSync(folder, { recursive: true, mode: 0o755 });
  return folder;
}

/** What git calls it, with `-dirty` where files differ from that. Null: it is none of git's, or there is no git. */
export function commitOf(source: string): string | null {
  const args = ["-C", source, "describe", "--always", "--dirty", "--abbrev=40", "--exclude", "*"];
  const { status, stdout } = spawnSync("git", args, { encoding: "utf8", timeout: GIT_LIMIT_MS });
  return status === 0 ? stdout.trim() : null;
}
