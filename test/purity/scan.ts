import { posix } from "node:path";
import type { Source } from "./source.ts";

/** One import of one file. `target` is a path from the project's root, or the package's name as written. */
export type Import = Readonly<{ from: string; target: string; kind: "value" | "type" | "dynamic"; line: number }>;

/** Finds static imports, re-exports and dynamic imports. A dynamic one that is no plain string has the target "?". */
export function importsOf({ path, text }: Source): readonly Import[] {
  const code = blank(text);
  return [...code.matchAll(IMPORT)].map((match) => {
    const at = match.index + match[0].length;
    const isCall = match[0].endsWith("(");
    const quote = isCall ? (/^\s*(["'`])/.exec(code.slice(at))?.[0] ?? null) : "";
    const specifier = quote === null ? "?" : stringAt(text, at + quote.length);
    const kind = isCall ? "dynamic" : /^\s*(?:import|export)\s+type\b/.test(match[0]) ? "type" : "value";
    const target = specifier.startsWith(".") ? posix.join(posix.dirname(path), specifier) : specifier;
    return { from: path, target, kind, line: text.slice(0, match.index).split("\n").length };
  });
}

const IMPORT = /\b(?:import|export)\b(?:[^;"'`()]*?\bfrom)?\s*["']|\bimport\s*\(/g;

function stringAt(text: string, at: number): string {
  return /^[^"'`]*/.exec(text.slice(at))?.[0] ?? "";
}

/**
 * Replaces comments and what stands in strings and regular expressions by spaces, so that only code is left, at its old place.
 * Why: what a template holds in `${…}` is code, so it stays.
 */
export function blank(text: string): string {
  const known = blanked.get(text);
  if (known !== undefined) return known;
  const result = blankOut(text);
  blanked.set(text, result);
  return result;
}

/** Several rules look at the same files. */
const blanked = new Map<string, string>();

function blankOut(text: string): string {
  let result = "";
  let last = "";
  /** For each open template: how many braces are open inside its `${…}`. */
  const templates: number[] = [];
  for (let at = 0; at < text.length; ) {
    const piece = nextPiece(text, at, last, templates);
    result += shown(piece);
    if ((piece.keep || piece.edges) && piece.raw.trim() !== "") last = piece.raw;
    at += piece.raw.length;
  }
  return result;
}

/** `edges`: the first and the last character stay, so that a string is still seen to be one. */
type Piece = Readonly<{ raw: string; keep: boolean; edges: boolean }>;

function nextPiece(text: string, at: number, last: string, templates: number[]): Piece {
  const rest = text.slice(at);
  const character = text.charAt(at);
  const match = (pattern: RegExp): string => pattern.exec(rest)?.[0] ?? character;
  if (rest.startsWith("//") || rest.startsWith("/*")) {
    return { raw: match(/^(?:\/\/[^\n]*|\/\*[\s\S]*?\*\/)/), keep: false, edges: false };
  }
  if (character === '"' || character === "'") {
    return { raw: match(/^(?:"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*')/), keep: false, edges: true };
  }
  const depth = templates.at(-1);
  if (character === "`" || (character === "}" && depth === 0)) {
    if (character === "}") templates.pop();
    const raw = match(/^[`}](?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{)/);
    if (raw.endsWith("${")) templates.push(0);
    return { raw, keep: false, edges: true };
  }
  if (character === "/" && REGEX_AFTER.test(last)) {
    return { raw: match(/^\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/), keep: false, edges: false };
  }
  if (depth !== undefined && character === "{") templates[templates.length - 1] = depth + 1;
  if (depth !== undefined && character === "}") templates[templates.length - 1] = depth - 1;
  return { raw: match(/^[A-Za-z0-9_$]+/), keep: true, edges: false };
}

/** After these a slash begins a regular expression; after a name or a closing bracket it divides. */
const REGEX_AFTER = /^(?:|[(,=:[!&|?{};+>]|.*\$\{|return|typeof|case|in|of)$/s;

function shown({ raw, keep, edges }: Piece): string {
  if (keep) return raw;
  const spaces = raw.replace(/[^\n]/g, " ");
  return edges && raw.length > 1 ? `${raw.charAt(0)}${spaces.slice(1, -1)}${raw.charAt(raw.length - 1)}` : spaces;
}
