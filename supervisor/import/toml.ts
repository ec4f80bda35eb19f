import type { Draft, Entry, TomlValue } from "./draft.ts";
import { keyOrder, sectionOrder } from "./key-order.ts";

/**
 * Writes a unit file as a person would: sections and keys in the order of the manual, a comment where something is other than it was.
 * Shape: `[service]\ntype = "oneshot" # …\n`. Source: toml.io/en/v1.0.0.
 */
export function unitText({ head, sections }: Draft): string {
  const names = [...sections.keys()].sort((a, b) => sectionRank(a) - sectionRank(b));
  const written = names.map((name) => sectionText(name, sections.get(name) ?? new Map()));
  return [...(head.length === 0 ? [] : [comment(head.join("\n"))]), written.join("\n")].join("");
}

/** Sorting is stable: sockets keep their order, for it is that of the descriptors. */
function sectionRank(name: string): number {
  return sectionOrder.indexOf(starred(name));
}

function starred(name: string): (typeof sectionOrder)[number] {
  const found = sectionOrder.find((each) => each === name || each === `${name.split(".")[0]}.*`);
  if (found === undefined) throw new Error(`no section of a unit: ${name}`);
  return found;
}

function sectionText(name: string, entries: ReadonlyMap<string, Entry>): string {
  const order = keyOrder[starred(name)];
  const keys = [...entries.keys()].sort((a, b) => order.indexOf(a) - order.indexOf(b));
  const [top = "", ...inner] = name.split(".");
  const header = inner.length === 0 ? top : `${top}.${bareKey(inner.join("."))}`;
  const tables: string[] = [];
  const lines = keys.map((key) => {
    const { value, note } = entries.get(key) ?? { value: "", note: null };
    const line = `${key} = ${valueText(value)}`;
    if (!isTable(value) || line.length <= WIDTH) return noted(line, note);
    // A table that is too long for a line has a header of its own, which has to follow all plain keys.
    tables.push(`\n${tableText(`${header}.${key}`, value, note)}`);
    return "";
  });
  return `[${header}]\n${lines.join("")}${tables.join("")}`;
}

const WIDTH = 110;

function tableText(header: string, table: Readonly<Record<string, TomlValue>>, note: string | null): string {
  const lines = Object.entries(table).map(([name, value]) => `${bareKey(name)} = ${valueText(value)}\n`);
  return `${note === null ? "" : comment(note)}[${header}]\n${lines.join("")}`;
}

/** A short note stands behind its key, a long one above it. */
function noted(line: string, note: string | null): string {
  if (note === null) return `${line}\n`;
  const beside = `${line} # ${note}`;
  return !beside.includes("\n") && beside.length <= WIDTH ? `${beside}\n` : `${comment(note)}${line}\n`;
}

function comment(text: string): string {
  return text
    .split("\n")
    .flatMap((line) => wrapped(line.replace(CONTROL, " ").split(" "), WIDTH))
    .map((line) => `# ${line}`.trimEnd())
    .join("\n")
    .concat("\n");
}

function wrapped(words: readonly string[], width: number): readonly string[] {
  const lines = [""];
  for (const word of words) {
    const last = lines.at(-1) ?? "";
    if (last !== "" && last.length + word.length > width) lines.push(word);
    else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`;
  }
  return lines;
}

function valueText(value: TomlValue): string {
  if (typeof value === "string") return stringText(value);
  if (isArray(value)) return arrayText(value);
  if (typeof value !== "object") return String(value);
  const pairs = Object.entries(value).map(([name, each]) => `${bareKey(name)} = ${valueText(each)}`);
  return pairs.length === 0 ? "{}" : `{ ${pairs.join(", ")} }`;
}

function arrayText(values: readonly TomlValue[]): string {
  const texts = values.map(valueText);
  const line = `[${texts.join(", ")}]`;
  if (line.length <= WIDTH - 20 && !line.includes("\n")) return line;
  // Words fill the lines; commands have one each.
  const isEach = values.some(isArray) || line.includes("\n");
  const lines = isEach
    ? texts.map((text) => `${text},`)
    : wrapped(
        texts.map((text) => `${text},`),
        WIDTH - 10,
      );
  return `[\n${lines.map((each) => `  ${each}\n`).join("")}]`;
}

/** Quotes as a person would: a script of several lines stays one, and what is full of double quotes stands in single ones. */
function stringText(text: string): string {
  const isPlain = !OTHER_CONTROL.test(text) && !text.includes("\r");
  if (isPlain && text.includes("\n") && !text.includes("'''") && !text.endsWith("'")) return `'''\n${text}'''`;
  if (isPlain && !text.includes("\n") && /["\\]/.test(text) && !text.includes("'")) return `'${text}'`;
  return JSON.stringify(text).replace(/\u007f/g, "\\u007f");
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these must not stand in a file as they are.
const CONTROL = /[\u0000-\u001f\u007f]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the same, less the tab and the line's end.
const OTHER_CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f]/;

function bareKey(name: string): string {
  return /^[A-Za-z0-9_-]+$/.test(name) ? name : JSON.stringify(name);
}

function isArray(value: TomlValue): value is readonly TomlValue[] {
  return Array.isArray(value);
}

function isTable(value: TomlValue): value is Readonly<Record<string, TomlValue>> {
  return typeof value === "object" && !isArray(value);
}
