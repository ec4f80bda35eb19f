/** What YAML can say. A key whose value is undefined is left out. */
export type Yaml = string | number | boolean | readonly Yaml[] | YamlMap;
export type YamlMap = { readonly [key: string]: Yaml | undefined };

/**
 * Writes YAML that every reader takes alike, of 1.1 (kubectl, Docker) as of 1.2: block style, and every text that could be
 * taken for something else in double quotes, as JSON has them.
 * Shape: `{ a: [1, "yes"], b: {} }` → `a:\n  - 1\n  - "yes"\nb: {}\n`. Numbers must be finite.
 * Source: YAML 1.2.2, section 1.2, "JSON is a subset"; the words that 1.1 reads as true, false or null are in its types bool and null.
 */
export function yaml(value: YamlMap): string {
  return `${block(value, "").trimStart()}\n`;
}

/** Writes several documents into one file. */
export function yamlDocuments(documents: readonly YamlMap[]): string {
  return documents.map(yaml).join("---\n");
}

/** What follows a key or a dash: on the same line with a space before it, or on the lines below. */
function block(value: Yaml, indent: string): string {
  if (typeof value === "string") return ` ${literal(value, indent) ?? scalar(value)}`;
  if (typeof value !== "object") return ` ${value}`;
  const inner = isList(value) ? list(value, indent) : map(value, indent);
  return inner.length > 0 ? `\n${inner.join("\n")}` : isList(value) ? " []" : " {}";
}

function list(values: readonly Yaml[], indent: string): readonly string[] {
  return values.map((value) => {
    const written = block(value, `${indent}  `);
    // The first line of what a dash holds stands beside it.
    return `${indent}- ${written.trimStart()}`;
  });
}

function map(values: YamlMap, indent: string): readonly string[] {
  return Object.entries(values).flatMap(([key, value]) => {
    if (value === undefined) return [];
    return [`${indent}${scalar(key)}:${block(value, `${indent}  `)}`];
  });
}

const isList = (value: readonly Yaml[] | YamlMap): value is readonly Yaml[] => Array.isArray(value);

function scalar(text: string): string {
  return PLAIN.test(text) && !RESERVED.test(text) ? text : JSON.stringify(text).replace(BREAKS, unicode);
}

/** A text of several lines as one, where nothing in it needs an escape. */
function literal(text: string, indent: string): string | null {
  if (!MANY_LINES.test(text)) return null;
  const lines = text.slice(0, -1).split("\n");
  return `|\n${lines.map((line) => (line === "" ? "" : `${indent}${line}`)).join("\n")}`;
}

const PLAIN = /^[A-Za-z_/][A-Za-z0-9_./-]*$/;
const RESERVED = /^(?:true|false|yes|no|on|off|y|n|null)$/i;
/** Begins with something, ends with exactly one line break, and holds no other character that a reader could change. */
const MANY_LINES = /^[!-~](?:[ -~]*\n)*[ -~]*[!-~]\n$/;
/** What a reader of YAML 1.1 takes for a line break, or for no character at all. */
const BREAKS = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

function unicode(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
