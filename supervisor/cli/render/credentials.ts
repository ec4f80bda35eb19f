import type { CredentialRow } from "../../host/credential/survey.ts";
import { clip, printable } from "./printable.ts";

const TITLES = ["UNIT", "NAME", "KEY", "NOT AFTER", "SOURCE", "STATE"] as const;
const DATE_LENGTH = 10;

/** Renders credentials as a table, a line for each; paths below the root without it. Units: width in columns. */
export function renderCredentials(rows: readonly CredentialRow[], root: string, width: number): string {
  const table = [[...TITLES], ...rows.map((row) => cells(row, root))];
  const widths = TITLES.map((_, at) => Math.max(...table.map((row) => [...(row[at] ?? "")].length)));
  const line = (row: readonly string[]) => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("  ");
  return table.map((row) => `${clip(line(row).trimEnd(), width)}\n`).join("");
}

function cells({ unit, name, path, encrypted, keyId, isOldKey, notAfterMs, problem }: CredentialRow, root: string) {
  const shown = path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path;
  const state = problem ?? (isOldKey ? "readable, with an old key" : "readable");
  return [
    unit,
    name,
    encrypted ? (keyId ?? "?") : "not encrypted",
    notAfterMs === null ? "-" : new Date(notAfterMs).toISOString().slice(0, DATE_LENGTH),
    shown,
    state,
  ].map(printable);
}
