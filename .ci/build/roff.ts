import type { Block } from "./markdown.ts";

/** Source: groff_char(7), man(7): what means something there, or is not in every font. */
const characters: Readonly<Record<string, string>> = {
  "\\": "\\e",
  "-": "\\-",
  "…": "...",
  "–": "\\(en",
  "→": "\\(->",
  "≥": "\\(>=",
  "≤": "\\(<=",
  "×": "\\(mu",
  "'": "\\(aq",
  "`": "\\(ga",
  "^": "\\(ha",
  "~": "\\(ti",
};

/** Makes a text mean itself. */
export function escapeRoff(text: string): string {
  return text.replace(/[\\\-…–→≥≤×'`^~]/g, (character) => characters[character] ?? character).replace(/^\./gm, "\\&.");
}

export const bold = (text: string): string => `\\fB${escapeRoff(text)}\\fR`;
export const italic = (text: string): string => `\\fI${escapeRoff(text)}\\fR`;

/** Renders inline Markdown: code bold, stress italic, of a link its text, unless it is a mere aside. */
export function inline(text: string): string {
  const readable = text.replace(/ \(\[[^\]]+\]\([^)]*\)\)/g, "").replace(/\[([^\]]+)\]\([^)]*\)/g, "$1");
  const parts = readable.split(/(`[^`]+`|\*\*[^*]+\*\*|(?<!\w)_[^_]+_(?!\w))/);
  const rendered = parts.map((part, index) => {
    if (index % 2 === 0) return escapeRoff(part);
    if (part.startsWith("_")) return italic(part.slice(1, -1));
    return bold(part.startsWith("`") ? part.slice(1, -1) : part.slice(2, -2));
  });
  return rendered.join("").replace(/^\./, "\\&.");
}

/** An entry with a text below it. `tag` and `text` are ready. */
export const entry = (tag: string, text: string): string => `.TP\n${tag}\n${text}\n`;

export const section = (title: string): string => `.SH "${escapeRoff(title.toUpperCase()).replaceAll('"', "\\(dq")}"\n`;

export function renderBlock(block: Block): string {
  switch (block.tag) {
    case "heading": {
      const plain = block.text.replaceAll("`", "");
      return block.level === 2 ? section(plain) : `.SS "${escapeRoff(plain)}"\n`;
    }
    case "paragraph":
      return `.PP\n${inline(block.text)}\n`;
    case "item":
      return `.IP \\(bu 2\n${inline(block.text)}\n`;
    case "code":
      return `.PP\n.RS 4\n.nf\n${escapeRoff(block.text)}.fi\n.RE\n`;
    case "table":
      return block.rows.map((cells) => row(block.head, cells)).join("");
  }
}

/** The first cell names it, the last one explains it, and those between are told by their heads. */
function row(head: readonly string[], cells: readonly string[]): string {
  const [name = "", ...rest] = cells;
  const meaning = rest.at(-1) ?? "";
  const facts = rest.slice(0, -1).flatMap((cell, index) => {
    const what = head[index + 1] ?? "";
    return cell === "" || cell === "–" ? [] : [`${what}: ${cell}`];
  });
  const text = facts.length === 0 ? meaning : `${meaning} (${facts.join("; ")})`;
  return entry(inline(name), text === "" ? "\\&" : inline(text));
}
