/**
 * One thing in the tree of a release. `path` is below the tree, with `/`.
 * Units: `mode` permission bits, `mtimeMs` Unix milliseconds of the file as it lies in the release, `hash` SHA-256 in hex.
 */
export type Entry = Readonly<
  | { tag: "file"; path: string; mode: number; owner: string; sizeBytes: number; mtimeMs: number; hash: string }
  | { tag: "folder"; path: string; mode: number; owner: string }
  | { tag: "link"; path: string; target: string }
>;

export type FileEntry = Extract<Entry, { tag: "file" }>;

/** One line of JSON for each entry. Shape: `["file","units/api.toml","444","0:0",120,1764000000000,"9f86…"]`. */
export function encodeListing(entries: readonly Entry[]): string {
  return entries.map((entry) => `${JSON.stringify(fieldsOf(entry))}\n`).join("");
}

function fieldsOf(entry: Entry): readonly unknown[] {
  const { tag, path } = entry;
  if (entry.tag === "link") return [tag, path, entry.target];
  const common = [tag, path, entry.mode.toString(8), entry.owner];
  return entry.tag === "folder" ? common : [...common, entry.sizeBytes, entry.mtimeMs, entry.hash];
}

/** The files of a listing; a line that is none is left out: what it names is copied then, and not shared. */
export function decodeFiles(text: string): readonly FileEntry[] {
  return text.split("\n").flatMap((line): FileEntry[] => {
    const fields = fieldsIn(line);
    const [tag, path, mode, owner, sizeBytes, mtimeMs, hash] = fields;
    if (tag !== "file" || typeof path !== "string" || typeof owner !== "string" || typeof hash !== "string") return [];
    if (typeof sizeBytes !== "number" || typeof mtimeMs !== "number") return [];
    return [{ tag, path, mode: Number.parseInt(String(mode), 8), owner, sizeBytes, mtimeMs, hash }];
  });
}

function fieldsIn(line: string): readonly unknown[] {
  try {
    const read: unknown = line === "" ? null : JSON.parse(line);
    return Array.isArray(read) ? read : [];
  } catch {
    return [];
  }
}

/** What makes two trees the same: names, what they are, whether they may be executed, and what is in them. Not when, nor whose. */
export function contentOf(entries: readonly Entry[]): string {
  const lines = entries.map((entry) => {
    if (entry.tag === "link") return ["link", entry.path, entry.target];
    if (entry.tag === "folder") return ["folder", entry.path];
    return ["file", entry.path, entry.mode & 0o111 ? "x" : "-", entry.hash];
  });
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}

/** What two files must have in common to be one on disk. */
export const kinOf = ({ hash, mode, owner }: Pick<FileEntry, "hash" | "mode" | "owner">): string =>
  `${hash} ${mode.toString(8)} ${owner}`;
