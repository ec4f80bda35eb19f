import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type Document as Yaml } from "yaml";
import { type Fault, fail, type Outcome, ok } from "../unit/fault.ts";
import type { Source } from "./draft.ts";

/** A path into a document. Shape: `["services", "web", "ports", 0]`. */
export type Path = readonly (string | number)[];

/** What a file holds, and where. */
export type Document = Readonly<{
  value: unknown;
  /** The line of a key, or of the nearest thing around it. Units: 1-based. */
  lineOf(path: Path): number | undefined;
}>;

/**
 * Reads YAML, or JSON with comments, trailing commas and bare keys, which is YAML but for its comments.
 * Errors: unit-invalid, each with its line.
 * Why merge and 1.2: `<<` is what files share settings by, and `no`, `on` and `22:22` are the texts that they look like.
 */
export function readDocument({ file, text }: Source, style: "yaml" | "json"): Outcome<Document> {
  const lines = new LineCounter();
  const plain = style === "json" ? withoutComments(text) : text;
  const document = parseDocument(plain, { lineCounter: lines, merge: true, uniqueKeys: false, version: "1.2" });
  const faults = document.errors.map(({ message, pos }) => {
    const [sentence = ""] = message.split(/ at line \d+/);
    return invalid(file, sentence, lines.linePos(pos[0]).line);
  });
  const [first, ...rest] = faults;
  if (first !== undefined) return fail(first, ...rest);
  try {
    return ok({ value: document.toJS(), lineOf: (path) => lineOf(document, lines, path) });
  } catch (error) {
    // The bound on aliases is the one thing that it throws for.
    return fail(invalid(file, error instanceof Error ? error.message : String(error), undefined));
  }
}

function invalid(file: string, message: string, line: number | undefined): Fault {
  return { code: "unit-invalid", message, retry: "never", at: { file, ...(line !== undefined && { line }) } };
}

function lineOf(document: Yaml, lines: LineCounter, path: Path): number | undefined {
  let node: unknown = document.contents;
  let offset = (document.contents as Node | null)?.range?.[0];
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isSeq(node)) {
      node = node.items[Number(step)];
      offset = (node as Node | undefined)?.range?.[0] ?? offset;
    } else if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
      if (pair === undefined) break;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value;
    } else {
      break;
    }
  }
  return offset === undefined ? undefined : lines.linePos(offset).line;
}

/** Blanks out comments, so that every line stays where it is. Shape: `{ a: 1 } // b` → `{ a: 1 }     `. */
function withoutComments(text: string): string {
  const blank = (comment: string): string => comment.replace(/[^\n]/g, " ");
  return text.replace(STRING_OR_COMMENT, (found) => (found.startsWith("/") ? blank(found) : found));
}

const STRING_OR_COMMENT = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
