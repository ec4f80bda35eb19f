import { createHash } from "node:crypto";
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  lchownSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { contentOf, decodeFiles, type Entry, encodeListing, type FileEntry, kinOf } from "./listing.ts";
import { type Found, walk } from "./walk.ts";

export type SnapshotOptions = Readonly<{
  source: string;
  /** A folder that is not there yet; it becomes the release, less its manifest. */
  folder: string;
  stateDir: string;
  /** Paths below the source that are not taken. */
  exclude: readonly string[];
  /** The same, but in their place stands a link to that path below `root`. */
  shared: readonly string[];
  root: string;
  /** Folders of earlier releases: what has not changed since is shared with them. */
  earlier: readonly string[];
}>;

export type Snapshot = Readonly<{
  hash: string;
  configHash: string;
  files: number;
  sizeBytes: number;
  /** Of files that are in none of the earlier releases. */
  addedBytes: number;
}>;

/** The list of what is in a release, beside its tree. */
export const LISTING = "files.jsonl";
export const TREE = "tree";

/**
 * Takes a folder as it is now. Files become read-only; one that an earlier release has as well is that very file, by a hard link,
 * and costs nothing. A new one shares its blocks with the source where the file system can do that.
 * Errors: throws Untakeable, and what `node:fs` throws; the folder is left as it is then, for the caller to remove.
 */
export function takeSnapshot(options: SnapshotOptions): Snapshot {
  const { source, folder, exclude, shared, stateDir } = options;
  const tree = join(folder, TREE);
  mkdirSync(tree, { recursive: true });
  const left = new Set([".supervisor", ...exclude, ...shared]);
  const found = walk({ source, left, stateDir });
  const known = filesOf(options.earlier);
  const taken = found.map((one) => take(one, { source, tree, known }));
  const links = shared.flatMap((path) => linkShared(path, options, tree));
  const entries = [...taken.map(({ entry }) => entry), ...links];
  writeFileSync(join(folder, LISTING), encodeListing(entries), { flag: "wx" });
  const files = entries.filter((entry) => entry.tag === "file");
  return {
    hash: sha256(contentOf(entries)),
    configHash: sha256(contentOf(entries.filter(({ path }) => /^(?:units|config)\//.test(path)))),
    files: files.length,
    sizeBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    addedBytes: taken.reduce((sum, one) => sum + one.addedBytes, 0),
  };
}

type Known = ReadonlyMap<string, string>;
type Taking = Readonly<{ source: string; tree: string; known: Known }>;
type Taken = Readonly<{ entry: Entry; addedBytes: number }>;

function take(found: Found, { source, tree, known }: Taking): Taken {
  const to = join(tree, found.path);
  if (found.tag === "link") {
    symlinkSync(found.target, to);
    return { entry: found, addedBytes: 0 };
  }
  if (found.tag === "folder") {
    mkdirSync(to);
    give(to, found);
    return { entry: found, addedBytes: 0 };
  }
  const from = join(source, found.path);
  const hash = hashOf(from);
  const shared = known.get(kinOf({ ...found, hash }));
  if (shared !== undefined && isLinked(shared, to)) return { entry: entryOf(found, to, hash), addedBytes: 0 };
  copyFileSync(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  give(to, found);
  // Of the copy, which nobody changes any more.
  const entry = entryOf(found, to, hashOf(to));
  return { entry, addedBytes: entry.sizeBytes };
}

/** Root keeps whose it is, since a service may run as that user; anybody else has only his own to give. */
function give(path: string, { mode, owner }: Readonly<{ mode: number; owner: string }>): void {
  if (process.geteuid?.() === 0) {
    const [uid = 0, gid = 0] = owner.split(":").map(Number);
    lchownSync(path, uid, gid);
  }
  chmodSync(path, mode);
}

function entryOf(found: Extract<Found, { tag: "file" }>, path: string, hash: string): FileEntry {
  const { size, mtimeMs } = statSync(path);
  return { ...found, sizeBytes: size, mtimeMs: Math.floor(mtimeMs), hash };
}

/** The files of earlier releases by what they are. One that was written to since is nobody's to share. */
function filesOf(releases: readonly string[]): Known {
  const known = new Map<string, string>();
  for (const release of releases) {
    for (const entry of decodeFiles(textOf(join(release, LISTING)))) {
      const path = join(release, TREE, entry.path);
      const kin = kinOf(entry);
      if (!known.has(kin) && isUntouched(path, entry)) known.set(kin, path);
    }
  }
  return known;
}

function isUntouched(path: string, { sizeBytes, mtimeMs }: FileEntry): boolean {
  try {
    const stat = statSync(path);
    return stat.isFile() && stat.size === sizeBytes && Math.floor(stat.mtimeMs) === mtimeMs;
  } catch {
    return false; // It is not there, or the list is damaged and names what no file can be called.
  }
}

function isLinked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch {
    // EMLINK, EXDEV, EPERM: it is copied instead.
    return false;
  }
}

function linkShared(path: string, { root }: SnapshotOptions, tree: string): readonly Entry[] {
  const to = join(tree, path);
  const target = join(root, path);
  // Whoever makes a folder through a link that leads nowhere fails.
  mkdirSync(target, { recursive: true });
  mkdirSync(dirname(to), { recursive: true });
  symlinkSync(target, to);
  return [{ tag: "link", path, target }];
}

const BLOCK_BYTES = 1024 * 1024;

function hashOf(path: string): string {
  const hash = createHash("sha256");
  const block = new Uint8Array(BLOCK_BYTES);
  const fd = openSync(path, "r");
  try {
    for (let read = readSync(fd, block); read > 0; read = readSync(fd, block)) hash.update(block.subarray(0, read));
  } finally {
    closeSync(fd);
  }
  return hash.digest("hex");
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Empty where there is none: then nothing is shared with that release. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
