import { lstatSync, readdirSync, readlinkSync, realpathSync } from "node:fs";
import { isAbsolute, join } from "node:path";

/** What there is to be taken, before it is read. `owner`: as `uid:gid`. */
export type Found = Readonly<
  | { tag: "file"; path: string; mode: number; owner: string }
  | { tag: "folder"; path: string; mode: number; owner: string }
  | { tag: "link"; path: string; target: string }
>;

/** `left`: paths below the source that are not taken. `stateDir`: nor is that, wherever it lies. */
export type WalkOptions = Readonly<{ source: string; left: ReadonlySet<string>; stateDir: string }>;

/** What a release cannot be made of: one sentence. */
export class Untakeable extends Error {}

/** More is no program, but somebody's data that lies beside it. */
export const MOST_ENTRIES = 500_000;

/** What tools of development keep beside the code, at any depth. */
const UNTAKEN: ReadonlySet<string> = new Set([".git", ".hg", ".svn"]);

/**
 * Names everything in a folder, in the order of the paths. Sockets, fifos and devices are nobody's code and are left out.
 * Errors: throws Untakeable for a link that leads back into the source by an absolute path (the release would change with it), and
 * beyond `MOST_ENTRIES`; what `node:fs` throws.
 */
export function walk({ source, left, stateDir }: WalkOptions): readonly Found[] {
  const real = realpathSync(source);
  const state = realOrSelf(stateDir);
  const found: Found[] = [];
  const visit = (folder: string): void => {
    for (const name of readdirSync(join(real, folder)).sort()) {
      const path = folder === "" ? name : `${folder}/${name}`;
      const full = join(real, path);
      if (UNTAKEN.has(name) || left.has(path) || full === state) continue;
      const one = describe(full, path, real);
      if (!one) continue;
      found.push(one);
      if (found.length > MOST_ENTRIES) throw new Untakeable(tooMany(source));
      if (one.tag === "folder") visit(path);
    }
  };
  visit("");
  return found;
}

function describe(full: string, path: string, source: string): Found | null {
  const stat = lstatSync(full);
  const owner = `${stat.uid}:${stat.gid}`;
  if (stat.isFile()) return { tag: "file", path, mode: stat.mode & 0o555, owner };
  if (stat.isDirectory()) return { tag: "folder", path, mode: (stat.mode & 0o755) | 0o700, owner };
  if (!stat.isSymbolicLink()) return null;
  const target = readlinkSync(full);
  if (!isAbsolute(target) || (target !== source && !target.startsWith(`${source}/`)))
    return { tag: "link", path, target };
  throw new Untakeable(`${path} is a link to ${target}, back into what is deployed: make it a relative one`);
}

function tooMany(source: string): string {
  const remedy = "name what is no code in `exclude` or `shared` of [release]";
  return `${source} has more than ${MOST_ENTRIES} files: ${remedy}`;
}

function realOrSelf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path; // It is not there: then nothing can be in it.
  }
}
