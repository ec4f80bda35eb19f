import { createHash } from "node:crypto";
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { contentOf, decodeFiles, type Entry } from "../../supervisor/release/listing.ts";
import { decodeManifest } from "../../supervisor/release/manifest.ts";
import { readLedger } from "../../supervisor/release/shelf.ts";

/** A file as it lies there. `kin`: what all its names must have in common. */
type Lying = Readonly<{ path: string; inode: number; kin: string }>;

const sha256 = (bytes: string | Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/**
 * Walks through the releases of a state directory and tells everything that is not as it must be whenever nobody writes there.
 * `source`: the tree that they were made of, which may share nothing with them.
 * Shape: `["v2/tree/units/api.toml: is not what files.jsonl says of it"]`.
 */
export function walkReleases(stateDir: string, source: string): readonly string[] {
  const folder = join(stateDir, "releases");
  const names = readdirSync(folder).sort();
  const drafts = names.filter((name) => name.startsWith(".new-")).map((name) => `${name}: a draft is left`);
  const releases = names.filter((name) => !name.startsWith("."));
  const lying = releases.flatMap((release) => filesBelow(join(folder, release, "tree"), `${release}/tree`));
  const faults = releases.flatMap((release) => releaseFaults(folder, release));
  return [
    ...drafts,
    ...faults,
    ...shareFaults(lying, filesBelow(source, "source")),
    ...ledgerFaults(stateDir, releases),
  ];
}

/** Errors of one release: it is whole, it is all that its list says, and nobody can write to it. */
function releaseFaults(folder: string, release: string): readonly string[] {
  const read = (name: string): string => {
    const path = join(folder, release, name);
    return existsSync(path) ? readFileSync(path, "utf8") : "";
  };
  const tree = join(folder, release, "tree");
  const manifest = decodeManifest(release, read("manifest.json"));
  if (!manifest) return [`${release}: has no whole manifest`];
  const entries = entriesIn(read("files.jsonl"));
  const faults = entries
    .filter((entry) => !isAsListed(tree, entry))
    .map(({ path }) => `${path}: is not as it is listed`);
  const listed = new Set(entries.map(({ path }) => path));
  const unlisted = namesBelow(tree)
    .filter((path) => !listed.has(path))
    .map((path) => `${path}: is not listed`);
  const isWhole =
    sha256(contentOf(entries)) === manifest.hash && decodeFiles(read("files.jsonl")).length === manifest.files;
  const whole = isWhole ? [] : ["files.jsonl: is not what the manifest was made of"];
  return [...faults, ...unlisted, ...whole].map((fault) => `${release}/${fault}`);
}

function isAsListed(tree: string, entry: Entry): boolean {
  const path = join(tree, entry.path);
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (entry.tag === "link") return stat?.isSymbolicLink() === true && readlinkSync(path) === entry.target;
  if (!stat || (stat.mode & 0o777) !== entry.mode) return false;
  if (entry.tag === "folder") return stat.isDirectory();
  return stat.isFile() && (stat.mode & 0o222) === 0 && sha256(readFileSync(path)) === entry.hash;
}

/** Two names of one file are of the same content, and none of them is in the tree that people write to. */
function shareFaults(released: readonly Lying[], source: readonly Lying[]): readonly string[] {
  const theirs = new Set(source.map(({ inode }) => inode));
  const first = new Map<number, Lying>();
  return released.flatMap((one) => {
    const other = first.get(one.inode) ?? one;
    first.set(one.inode, other);
    if (theirs.has(one.inode)) return [`${one.path}: is a file of the source as well`];
    return other.kin === one.kin ? [] : [`${one.path}: is the file ${other.path}, and should be another`];
  });
}

/** `releases.json` can be read and names only what is there, and `current` leads to what it says. */
function ledgerFaults(stateDir: string, releases: readonly string[]): readonly string[] {
  const read = readLedger(stateDir);
  if ("fault" in read) return [read.fault];
  const { current, proving } = read.ledger;
  const missing = [current, proving?.release, proving?.back]
    .flatMap((one) => one ?? [])
    .filter((one) => !releases.includes(one))
    .map((one) => `releases.json: ${one} is not there`);
  const torn =
    proving && proving.release !== current
      ? [`releases.json: ${proving.release} proves itself, and is not current`]
      : [];
  const link = join(stateDir, "current");
  const leads = lstatSync(link, { throwIfNoEntry: false }) ? readlinkSync(link) : null;
  const should = current === null ? null : `releases/${current}/tree`;
  return [...missing, ...torn, ...(leads === should ? [] : [`current: leads to ${leads}, and ${should} is current`])];
}

/** Unlike the code that shares files, this one leaves no line out. Errors: throws for a line that is none. */
function entriesIn(text: string): readonly Entry[] {
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.map((line): Entry => {
    const [tag, path, third, owner, sizeBytes, mtimeMs, hash] = JSON.parse(line);
    if (tag === "link") return { tag, path, target: third };
    return { tag, path, mode: Number.parseInt(third, 8), owner, sizeBytes, mtimeMs, hash };
  });
}

function namesBelow(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: "utf8" }) : [];
}

function filesBelow(folder: string, shown: string): readonly Lying[] {
  const paths = namesBelow(folder).filter((name) => !name.startsWith(".supervisor"));
  return paths.flatMap((name): readonly Lying[] => {
    const stat = lstatSync(join(folder, name));
    const kin = (): string => `${sha256(readFileSync(join(folder, name)))} ${stat.mode} ${stat.uid}:${stat.gid}`;
    return stat.isFile() ? [{ path: `${shown}/${name}`, inode: stat.ino, kin: kin() }] : [];
  });
}
