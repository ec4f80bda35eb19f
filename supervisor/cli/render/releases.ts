import type { ReleaseStatus } from "../../unit/release.ts";
import { age } from "./age.ts";
import { bytes } from "./bytes.ts";
import { printable } from "./printable.ts";

const titles = ["", "RELEASE", "STATE", "AGE", "SIZE", "ADDED", "BY", "COMMIT", "REASON"] as const;
const COMMIT_LENGTH = 10;

/**
 * Renders releases as a table, a line for each; the current one has a mark. Empty for none.
 * Shape: `*  v2  good  5min  12.1M  8.0K  root  9e1f00aa21  -`. ADDED is what it took on disk beyond the releases before it.
 */
export function renderReleases(releases: readonly ReleaseStatus[], now: Date): string {
  if (releases.length === 0) return "";
  const rows = releases.map((one): readonly string[] => [
    one.current ? "*" : "",
    one.id,
    one.state,
    age(now.getTime() - Date.parse(one.at)),
    bytes(one.size_bytes),
    bytes(one.added_bytes),
    printable(one.by ?? "-"),
    shortCommit(one.commit),
    printable(one.reason ?? "-"),
  ]);
  const widths = titles.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("  ")}`.trimEnd();
  return [titles, ...rows].map((row) => `${line(row)}\n`).join("");
}

/** Shape: `9e1f00aa21…-dirty` → `9e1f00aa21+`. */
function shortCommit(commit: string | null): string {
  if (commit === null) return "-";
  return commit.slice(0, COMMIT_LENGTH) + (commit.endsWith("-dirty") ? "+" : "");
}
