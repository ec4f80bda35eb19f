import type { z } from "zod";
import { didYouMean } from "../nearest.ts";
import { type Issue, rawTable } from "./issue.ts";
import { shown } from "./shown.ts";

type Sections = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
type RawIssue = z.core.$ZodIssue;

/** Says in the house's words what the schema found. One issue of the schema may be several of ours. */
export function explain(found: RawIssue, document: unknown, sections: Sections): readonly Issue[] {
  const path = found.path.map((step) => (typeof step === "number" ? step : String(step)));
  if (found.code === "unrecognized_keys") {
    return found.keys.map((key) => ({ path: [...path, key], message: unknownKey(path, key, sections) }));
  }
  return [{ path, message: sentence(found, at(document, path)) }];
}

function sentence(found: RawIssue, raw: unknown): string {
  switch (found.code) {
    case "invalid_type":
      return `must be ${KINDS[found.expected] ?? found.expected}, got ${shown(raw)}`;
    case "invalid_value": {
      const allowed = found.values.map(String);
      const hint = typeof raw === "string" ? didYouMean(raw, allowed) : "";
      return `must be one of ${allowed.join(", ")}; got ${shown(raw)}${hint}`;
    }
    case "too_small":
      return found.origin === "string" ? "must not be empty" : `must be ${found.minimum} or more, got ${shown(raw)}`;
    case "too_big":
      return `must be ${found.maximum} or less, got ${shown(raw)}`;
    case "invalid_key":
      return found.issues[0]?.message ?? found.message;
    default:
      return found.message;
  }
}

const KINDS: Readonly<Record<string, string>> = {
  string: "a string",
  boolean: "true or false",
  number: "a whole number",
  int: "a whole number",
  array: "an array",
  object: "a table",
  record: "a table",
};

function unknownKey(path: readonly (string | number)[], key: string, sections: Sections): string {
  const [top, ...rest] = path.map(String);
  if (top === undefined) return `unknown section${didYouMean(key, topLevel(sections))}`;
  if (top === "probe" && rest.length === 0)
    return `unknown probe${didYouMean(key, ["startup", "readiness", "liveness"])}`;
  const here = rest.length === 0 ? top : `${top}.*`;
  const hint = didYouMean(key, Object.keys(sections[here] ?? {}));
  if (hint !== "") return `unknown key${hint}`;
  const elsewhere = Object.keys(sections).find((section) => key in (sections[section] ?? {}));
  return elsewhere === undefined
    ? "unknown key"
    : `unknown key here; it belongs in [${elsewhere.replace("*", "NAME")}]`;
}

function topLevel(sections: Sections): readonly string[] {
  return Object.keys(sections).map((section) => section.replace(".*", ""));
}

function at(document: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((inner, step) => {
    if (Array.isArray(inner)) return inner[Number(step)];
    const table = rawTable(inner);
    return Object.hasOwn(table, step) ? table[step] : undefined;
  }, document);
}
