/** What a page of the manual is made of. Texts hold inline Markdown; those of a paragraph or an item are one line. */
export type Block = Readonly<
  | { tag: "heading"; level: number; text: string }
  | { tag: "paragraph" | "item"; text: string }
  | { tag: "code"; text: string }
  | { tag: "table"; head: readonly string[]; rows: readonly (readonly string[])[] }
>;

const patterns = {
  fence: /^```\w*\n(.*?)^```$/ms,
  heading: /^(#+) (.*)$/m,
  table: /^\|.*$(?:\n\|.*$)*/m,
  code: /^ {4}.*$(?:\n {4}.*$)*/m,
  item: /^- .*$(?:\n {2}\S.*$)*/m,
  paragraph: /^\S.*$(?:\n(?!- |\|)\S.*$)*/m,
} as const;

/** Takes a page apart: as much of Markdown as the manual uses, in the form that its formatter gives it, less its comments. */
export function readMarkdown(text: string): readonly Block[] {
  const blocks: Block[] = [];
  for (let rest = text.replace(/^<!--.*-->$/gm, ""); rest.trim() !== ""; ) {
    const [block, length] = first(rest.replace(/^\n+/, ""));
    blocks.push(block);
    rest = rest.replace(/^\n+/, "").slice(length);
  }
  return blocks;
}

/** The block that the text begins with, and how long it is. */
function first(text: string): readonly [Block, number] {
  for (const [tag, pattern] of Object.entries(patterns)) {
    const found = pattern.exec(text);
    if (found?.index === 0) return [toBlock(tag as keyof typeof patterns, found), found[0].length];
  }
  throw new Error(`not understood: ${text.slice(0, 80)}`);
}

function toBlock(tag: keyof typeof patterns, [all, one = "", two = ""]: RegExpExecArray): Block {
  switch (tag) {
    case "fence":
      return { tag: "code", text: one };
    case "heading":
      return { tag, level: one.length, text: two };
    case "table": {
      const [head = [], , ...rows] = all.split("\n").map(cells);
      return { tag, head, rows };
    }
    case "code":
      return { tag, text: `${all.replace(/^ {4}/gm, "")}\n` };
    case "item":
      return { tag, text: all.slice(2).replace(/\n */g, " ") };
    case "paragraph":
      return { tag, text: all.replaceAll("\n", " ") };
  }
}

const cells = (line: string): readonly string[] =>
  line
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll("\\|", "|"));
