// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these placeholders are the unit file's own.
import { literal } from "../template.ts";

/** What a unit of systemd is called. Shape: `web@8080.service` → { full: "web@8080.service", prefix: "web", instance: "8080" }. */
export type UnitName = Readonly<{ full: string; prefix: string; instance: string | null }>;

/** Takes a file's name apart. Shape: `web@.service` has the instance "", a plain one null. */
export function nameOf(file: string): UnitName {
  const full = file.split("/").at(-1) ?? "";
  const [, prefix = full, instance = null] = /^([^@]*?)(?:@(.*))?\.[a-z]+$/.exec(full) ?? [];
  return { full, prefix, instance };
}

/** A template of ours, and the specifiers that have no meaning here. */
export type Filled = Readonly<{ text: string; unknown: readonly string[] }>;

/** Writes a text of systemd as a template: its specifiers filled in or turned into ours. Source: systemd.unit(5), "Specifiers". */
export function fill(text: string, name: UnitName): Filled {
  const unknown: string[] = [];
  const parts = text.split(/(%[A-Za-z%])/).map((part, index) => {
    if (index % 2 === 0) return literal(part);
    const letter = part.slice(1);
    const meaning = meaningOf(letter, name);
    if (meaning === null) unknown.push(part);
    return meaning ?? literal(part);
  });
  return { text: parts.join(""), unknown };
}

function meaningOf(letter: string, { full, prefix, instance }: UnitName): string | null {
  if (letter === "i" || letter === "I") return instance === "" ? "%i" : instance === null ? null : literal(instance);
  if (letter === "n") return literal(full);
  if (letter === "p" || letter === "P" || letter === "N") return literal(prefix);
  if (letter === "j" || letter === "J") return literal(prefix.split("-").at(-1) ?? "");
  return SYSTEM[letter] ?? null;
}

/** Of the system's own manager, which runs as root. */
const SYSTEM: Readonly<Record<string, string>> = {
  "%": "%%",
  t: "/run",
  S: "/var/lib",
  C: "/var/cache",
  L: "/var/log",
  E: "/etc",
  T: "/tmp",
  V: "/var/tmp",
  d: "${CREDENTIALS_DIRECTORY}",
  h: "${HOME}",
  u: "root",
  U: "0",
  g: "root",
  G: "0",
};
