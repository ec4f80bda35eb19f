import type { Draft, Here } from "../draft.ts";
import { mapOf, textOf, textsOf } from "../raw.ts";
import { interpolate } from "./interpolate.ts";

/** One service of the file, on its way to a unit. */
export type Service = Readonly<{
  draft: Draft;
  name: string;
  raw: Readonly<Record<string, unknown>>;
  /** The compose project: it stands before the names of volumes, networks and images that were built. */
  project: string;
  here: Here;
  lineOf(...path: readonly (string | number)[]): number | undefined;
}>;

/** A text as a template; what it cannot say is a remark. */
export function template(service: Service, key: string, raw: unknown): string | null {
  const found = textOf(raw);
  if (found === null) return null;
  const { text, lost } = interpolate(found);
  for (const why of lost) service.draft.lose(key, service.lineOf(key), why);
  return text;
}

/** Texts of a list, or of one alone. */
export function templates(service: Service, key: string, raw: unknown = service.raw[key]): readonly string[] {
  return textsOf(raw ?? []).flatMap((text) => template(service, key, text) ?? []);
}

/** `KEY=value` of a list, or the entries of a map; null where the value comes from outside. */
export function pairs(service: Service, key: string): readonly (readonly [string, string | null])[] {
  const raw = service.raw[key];
  if (!Array.isArray(raw)) {
    return Object.entries(mapOf(raw)).map(([name, value]) => [name, template(service, key, value)] as const);
  }
  return textsOf(raw).map((text) => {
    const [, name = text, value] = /^([^=]*)=([\s\S]*)$/.exec(text) ?? [];
    return [name, value === undefined ? null : template(service, key, value)] as const;
  });
}

/** A time of compose, in ms. Shape: "1m30s" → 90000; "10s" → 10000. Source: the Compose Specification, "Specifying durations". */
export function durationMs(raw: unknown): number | null {
  const text = textOf(raw) ?? "";
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(us|ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([all]) => all).join("") !== text) return null;
  return parts.reduce((sum, [, amount, unit = "s"]) => sum + Number(amount) * (UNITS_MS[unit] ?? 0), 0);
}

const UNITS_MS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A size of compose, as a unit file writes it. Shape: "512mb" → "512M"; 1073741824 stays. */
export function sizeText(raw: unknown): string | number | null {
  if (typeof raw === "number") return raw;
  const [, amount, unit = ""] = /^(\d+(?:\.\d+)?)\s*([bkmg])?i?b?$/i.exec((textOf(raw) ?? "").trim()) ?? [];
  if (amount === undefined) return null;
  return unit === "" || unit.toLowerCase() === "b" ? Math.round(Number(amount)) : `${amount}${unit.toUpperCase()}`;
}
