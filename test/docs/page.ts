import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

export const docsFolder = join(import.meta.dirname, "../../docs");

/** A page of the manual, taken apart. */
export type Page = Readonly<{
  name: string;
  text: string;
  /** Every row of every table, less its head. */
  rows: readonly Row[];
  /** Shape: `{ language: "ts", text: "import …" }`. */
  blocks: readonly Readonly<{ language: string; text: string }>[];
}>;

/** `section` is the heading above it, as it stands. Cells hold Markdown. */
export type Row = Readonly<{ section: string; head: string; cells: readonly string[] }>;

/** Reads a page. Shape: `readPage("status")`. */
export function readPage(name: string): Page {
  const text = readFileSync(join(docsFolder, `${name}.md`), "utf8");
  const blocks = [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language = "", inner = ""]) => ({
    language,
    text: inner,
  }));
  return { name, text, rows: rowsOf(text), blocks };
}

/** The names of a folder's pages. Shape: `pageNames()` → ["README", "status", …], `pageNames("recipes")` → ["recipes/README", …] */
export function pageNames(folder = ""): readonly string[] {
  return readdirSync(join(docsFolder, folder))
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, basename(name, ".md")));
}

/** What stands in backticks. Shape: "`-d` `--detach`" → ["-d", "--detach"]. */
export function codes(cell: string): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code);
}

function rowsOf(text: string): readonly Row[] {
  const rows: Row[] = [];
  let section = "";
  let head: string | null = null;
  for (const line of text.split("\n")) {
    section = /^#+ (.*)$/.exec(line)?.[1] ?? section;
    if (!line.startsWith("|")) {
      head = null;
      continue;
    }
    const cells = line
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim());
    if (head === null) head = cells[0] ?? "";
    else if (!/^[-:]+$/.test(cells[0] ?? "")) rows.push({ section, head, cells });
  }
  return rows;
}
