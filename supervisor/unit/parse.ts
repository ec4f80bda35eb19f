import { parse, TomlError } from "smol-toml";
import { type Fault, fail, type Outcome, ok } from "./fault.ts";
import { lineOf, type Positions, positions } from "./position.ts";
import { crossIssues } from "./schema/cross.ts";
import { explain } from "./schema/explain.ts";
import type { Issue } from "./schema/issue.ts";
import { schema, sections, toUnit } from "./schema.ts";
import type { Unit } from "./unit.ts";

/** A unit file as it was read from disk. Shape: `{ name: "api", file: "units/api.toml", text: "[service]\n…" }`. */
export type UnitFile = Readonly<{ name: string; file: string; text: string }>;

/**
 * Reads one unit file.
 * Errors: unit-invalid, every fault of the file at once, each with file, line and dotted key.
 */
export function parseUnit(name: string, file: string, text: string): Outcome<Unit> {
  const read = parsePlaced({ name, file, text });
  return read.ok ? ok(read.value.unit) : read;
}

/** Reads one unit file and keeps where its keys stand, for faults that are found later. Errors: as `parseUnit`. */
export function parsePlaced(source: UnitFile): Outcome<Readonly<{ unit: Unit; places: Positions }>> {
  const nameFaults = nameProblems(source);
  const toml = readToml(source);
  if (!toml.ok) return fail(toml.faults[0], ...toml.faults.slice(1), ...nameFaults);
  const places = positions(source.text);
  const read = schema.safeParse(toml.value);
  const issues = [
    ...dateIssues(toml.value, []),
    ...(read.error?.issues ?? []).flatMap((issue) => explain(issue, toml.value, sections)),
    ...crossIssues(toml.value),
  ];
  const faults = [...nameFaults, ...issues.map((issue) => toFault(source, places, issue))];
  const [first, ...rest] = faults.sort((a, b) => (a.at?.line ?? 0) - (b.at?.line ?? 0));
  if (first !== undefined) return fail(first, ...rest);
  if (!read.success) throw new Error(`${source.file}: refused without a fault`);
  return ok({ unit: toUnit(source.name, source.file, read.data, socketNames(places, toml.value)), places });
}

function readToml({ name, file, text }: UnitFile): Outcome<Readonly<Record<string, unknown>>> {
  try {
    return ok(parse(text, { unsafeKeyBehaviour: "throw" }));
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [sentence = ""] = error.message.replace("Invalid TOML document: ", "").split("\n");
    const message = `${sentence} (column ${error.column})`;
    return fail({ code: "unit-invalid", message, retry: "never", unit: name, at: { file, line: error.line } });
  }
}

function nameProblems({ name, file }: UnitFile): readonly Fault[] {
  const isReserved = name === "all";
  if (!isReserved && NAME.test(name)) return [];
  const message = isReserved
    ? 'a unit cannot be named "all": on the command line that means every unit'
    : `"${name}" cannot name a unit: it takes letters, digits and any of :_.-`;
  return [{ code: "unit-invalid", message, retry: "never", unit: name, at: { file, line: 1 } }];
}

/** A name also names files, and stands on command lines. */
const NAME = /^[A-Za-z0-9:_.][A-Za-z0-9:_.-]{0,199}$/;

/** No key takes a date, and to the schema a date looks like an empty table. */
function dateIssues(raw: unknown, path: readonly (string | number)[]): readonly Issue[] {
  if (raw instanceof Date) return [{ path, message: "must not be a date or time; put it in quotes if it is a string" }];
  if (Array.isArray(raw)) return raw.flatMap((each, index) => dateIssues(each, [...path, index]));
  if (typeof raw !== "object" || raw === null) return [];
  return Object.entries(raw).flatMap(([key, each]) => dateIssues(each, [...path, key]));
}

function toFault({ name, file }: UnitFile, places: Positions, issue: Issue): Fault {
  const key = issue.path.join(".");
  const line = lineOf(places, key);
  const at = key === "" ? { file, line } : { file, line, key };
  return { code: "unit-invalid", message: issue.message, retry: "never", unit: name, at };
}

/** Names the sockets in file order: objects would put a name such as "80" first. */
function socketNames(places: Positions, document: Readonly<Record<string, unknown>>): readonly string[] {
  const names = Object.keys(document.socket ?? {});
  const order = [...places.keys()];
  return names.sort((a, b) => order.indexOf(`socket.${a}`) - order.indexOf(`socket.${b}`));
}
