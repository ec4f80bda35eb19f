import { join } from "node:path";
import { type Page, pageNames, readPage } from "./page.ts";

/** The README, and every page of the manual. */
export const pages: readonly Page[] = [join("..", "README"), ...["", "recipes", "monitoring"].flatMap(pageNames)].map(
  readPage,
);

/** A command without a fence: four blanks, and a word that begins one. */
const INDENTED = /^ {4}(?=(?:supervisor|systemctl|kubectl|kill|npm|bun|deno|docker|pm2) )/;

/**
 * The commands that a page shows, one a line (those that go on after `\` put together), in the order in which they stand there.
 * Shape: "curl localhost:8080/tasks/01a1…        # the worker has done it" → "curl localhost:8080/tasks/01a1…".
 */
export function commandsOf({ text }: Pick<Page, "text">): readonly string[] {
  const commands: string[] = [];
  let language: string | null = null;
  for (const line of text.replaceAll(/ \\\n */g, " ").split("\n")) {
    const fence = /^```(\w*)/.exec(line);
    if (fence) language = language === null ? (fence[1] ?? "") : null;
    else if (language === "sh") commands.push(line);
    else if (language === null && INDENTED.test(line)) commands.push(line);
  }
  return commands.map((line) => line.replace(/(?:^|\s+)# .*$/, "").trim()).filter((line) => line !== "");
}

/** The files to which a page gives a name. Shape: a line "`units/hello.toml`:" above a block → `{ "units/hello.toml": "[unit]\n…" }`. */
export function filesOf({ text }: Pick<Page, "text">): Readonly<Record<string, string>> {
  const named = text.matchAll(
    /`([\w./-]+\.(?:toml|ts|[cm]?js|py|conf|service|socket))`[^`\n]*\n\n```\w+\n(.*?)^```$/gms,
  );
  return Object.fromEntries([...named].map(([, name = "", inner = ""]) => [name, inner]));
}
