import { RELEASE_NAME } from "../unit/release.ts";

/**
 * What is known of a release since it was made; nothing of it ever changes.
 * Shape: `{ format: 1, id: "20261122-013005-1a2b3c4", hash: "1a2b3c4…", config_hash: "…", runtime: "bun 1.4.5", commit: "9e1f…-dirty", … }`.
 * Units: `…_bytes` bytes; `at` RFC 3339.
 */
export type Manifest = Readonly<{
  format: typeof FORMAT;
  id: string;
  /** SHA-256 of the whole tree: of names, modes, links and contents. */
  hash: string;
  /** The same of `units/` and `config/` alone. */
  config_hash: string;
  runtime: string;
  /** Of git, `-dirty` behind it where the tree differed from that; null: it was none of git's. */
  commit: string | null;
  by: string | null;
  at: string;
  /** Where it was taken from. */
  source: string;
  files: number;
  /** What the files of the tree are together. */
  size_bytes: number;
  /** What of that was on disk in no earlier release. */
  added_bytes: number;
}>;

const FORMAT = 1;

const texts = ["id", "hash", "config_hash", "runtime", "at", "source"] as const;
const nullables = ["commit", "by"] as const;
const counts = ["files", "size_bytes", "added_bytes"] as const;

export type Made = Omit<Manifest, "format">;

export function encodeManifest(made: Made): string {
  const manifest: Manifest = { format: FORMAT, ...made };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/** Null: it is none, or of another format, or of another release than `id`. */
export function decodeManifest(id: string, text: string): Manifest | null {
  const read = parseRecord(text);
  if (!read || read.format !== FORMAT || read.id !== id || !RELEASE_NAME.test(id)) return null;
  const isWhole =
    texts.every((key) => typeof read[key] === "string") &&
    nullables.every((key) => read[key] === null || typeof read[key] === "string") &&
    counts.every((key) => Number.isSafeInteger(read[key]) && Number(read[key]) >= 0);
  return isWhole && !Number.isNaN(Date.parse(String(read.at))) ? (read as Manifest) : null;
}

/** A name that sorts by time, with the beginning of the content's hash. Shape: `20261122-013005-1a2b3c4`. */
export function nameOf(at: Date, hash: string): string {
  const stamp = at.toISOString().replace(/\.\d+Z$/, "");
  return `${stamp.replace(/[-:]/g, "").replace("T", "-")}-${hash.slice(0, 7)}`;
}

/** Null for what is no JSON object. */
export function parseRecord(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const read: unknown = JSON.parse(text);
    return typeof read === "object" && read !== null && !Array.isArray(read) ? { ...read } : null;
  } catch {
    return null;
  }
}
