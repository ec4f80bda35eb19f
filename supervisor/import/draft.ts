import type { Place } from "../unit/fault.ts";

/** A value as TOML has it. */
export type TomlValue = string | number | boolean | readonly TomlValue[] | Readonly<{ [name: string]: TomlValue }>;

/** A key's value, and what a person should know of it. */
export type Entry = Readonly<{ value: TomlValue; note: string | null }>;

/**
 * What a unit does not do as the imported file had it.
 * `lost`: nothing in the unit says it. `changed`: the unit says something near to it.
 */
export type Remark = Readonly<{ tag: "lost" | "changed"; unit?: string; at: Place; why: string }>;

/** A file to import. `file` is what messages call it. */
export type Source = Readonly<{ file: string; text: string }>;

/** What the importers must know of the machine and of the root. */
export type Here = Readonly<{
  /** The root, absolute. */
  root: string;
  /** The folder of the imported file, seen from the root; "" when it is the root itself. Shape: "deploy", "/srv/other". */
  base: string;
  /** What `instances: "max"` means. */
  cores: number;
  /** Units that are there already: others may need them. */
  units: ReadonlySet<string>;
  /** Names that the files before this one have taken. */
  taken: ReadonlySet<string>;
  /** The name after `env_`, of a pm2 file. */
  env: string | null;
  /** The text of the `.env` that lies beside the imported file. */
  dotEnv: string | null;
}>;

/** What came of a file. */
export type Imported = Readonly<{ drafts: readonly Draft[]; remarks: readonly Remark[] }>;

/** A line of the unit's file, or of another. Units: 1-based. */
export type At = number | undefined | Readonly<{ file: string; line: number }>;

/** A unit on its way to its file: keys by section, in whatever order they come. */
export class Draft {
  readonly name: string;
  readonly remarks: Remark[] = [];
  /** Lines of the comment at the head of the file. */
  readonly head: string[] = [];
  readonly #file: string;
  readonly #sections = new Map<string, Map<string, Entry>>();

  constructor(name: string, file: string) {
    this.name = name;
    this.#file = file;
  }

  get sections(): ReadonlyMap<string, ReadonlyMap<string, Entry>> {
    return this.#sections;
  }

  /** Sets a key. Shape: `set("socket.http", "backlog", 4096)`. `note` becomes a comment beside it. */
  set(section: string, key: string, value: TomlValue, note: string | null = null): void {
    const entries = this.#sections.get(section) ?? new Map<string, Entry>();
    this.#sections.set(section, entries.set(key, { value, note }));
  }

  /** The value of a key of `[service]` or another section, when it was set. */
  get(section: string, key: string): TomlValue | undefined {
    return this.#sections.get(section)?.get(key)?.value;
  }

  /** Adds a variable of the environment; what is no name of one is lost. */
  variable(name: string, template: string): void {
    if (!VARIABLE_NAME.test(name)) {
      this.lose(`environment.${name}`, undefined, "is no variable's name: letters, digits and underscores");
      return;
    }
    const before = this.get("service", "environment");
    this.set("service", "environment", { ...(typeof before === "object" ? before : {}), [name]: template });
  }

  /** Remembers what no key says. `key` is that of the imported file, `at` where it stood. */
  lose(key: string, at: At, why: string): void {
    this.#remark("lost", key, at, why);
  }

  /** Remembers what a key of the unit says differently. */
  change(key: string, at: At, why: string): void {
    this.#remark("changed", key, at, why);
  }

  #remark(tag: Remark["tag"], key: string, at: At, why: string): void {
    const { file, line } = typeof at === "object" ? at : { file: this.#file, line: at };
    this.remarks.push({ tag, unit: this.name, at: place(file, key, line), why });
  }
}

const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Joins what is known of a place. */
export function place(file: string, key: string, line: number | undefined): Place {
  return { file, key, ...(line !== undefined && { line }) };
}

/**
 * Makes a unit's name of any text, other than those that are taken.
 * Shape: "delete temp cohorts" → "delete-temp-cohorts"; a second "api" → "api-2".
 */
export function unitName(text: string, taken: ReadonlySet<string>): string {
  const plain = text
    .replace(/[^A-Za-z0-9:_.-]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 190);
  const name = plain === "" ? "unit" : plain === "all" ? "all-of-it" : plain;
  for (let number = 2; taken.has(name) && number < 1000; number++) {
    if (!taken.has(`${name}-${number}`)) return `${name}-${number}`;
  }
  return name;
}
