import { decode, encode, type Saved } from "../core/saved.ts";
import type { Whom, World } from "../core/world.ts";
import { difference } from "./difference.ts";
import type { StateFile } from "./ports.ts";

/** Raised when an older version could not read what this one writes. What it merely does not know it leaves out of account. */
const FORMAT = 1;
/** A file grows to this, and to four times what it says in short, before it is written anew. Units: bytes. */
const LEAST_TO_SHORTEN = 1024 * 1024;

/** What another daemon has left. `isDone`: whether all that it had decided for an instance was done as well. */
export type Left = Readonly<{ saved: ReadonlyMap<string, Saved>; isDone: (whom: Whom) => boolean }>;

export type StateLogOptions = Readonly<{
  file: StateFile;
  /** The instants in it mean something only until the machine is started again. */
  boot: string;
  version: string;
  /** Told once, until it goes well again. */
  failed: (message: string) => void;
}>;

/**
 * Writes down every decision before it is carried out, and when all were.
 * Shape, one JSON object a line: `{"format":1,"boot":…}`, then `{"unit":"api","target":1,"instances":[…]}` as often as something
 * changes, `{"gone":"api"}`, and `{"done":true}` when nothing is left to do about all that stands above it.
 */
export class StateLog {
  readonly #options: StateLogOptions;
  #units: World["units"] = new Map();
  #sizeBytes = 0;
  #shortBytes = 0;
  #isBehind = true;
  #isDone = true;

  constructor(options: StateLogOptions) {
    this.#options = options;
  }

  /** To be told before anything is done about it. */
  decided({ units }: World): void {
    if (units === this.#units) return;
    const lines = difference(this.#units, units).map(({ name, now }) =>
      now ? encode(now) : JSON.stringify({ gone: name }),
    );
    this.#units = units;
    this.#isDone = false;
    if (this.#isBehind) this.#shorten();
    else this.#append(lines);
  }

  /** All that was decided is done. */
  done(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    if (this.#isBehind || this.#sizeBytes > Math.max(LEAST_TO_SHORTEN, 4 * this.#shortBytes)) this.#shorten();
    else this.#append([DONE]);
  }

  #append(lines: readonly string[]): void {
    const text = lines.map((line) => `${line}\n`).join("");
    this.#took(this.#options.file.append(text));
    this.#sizeBytes += text.length;
  }

  #shorten(): void {
    const { boot, version } = this.#options;
    const lines = [JSON.stringify({ format: FORMAT, version, boot }), ...[...this.#units.values()].map(encode)];
    const text = [...lines, ...(this.#isDone ? [DONE] : []), ""].join("\n");
    this.#took(this.#options.file.replace(text));
    this.#sizeBytes = this.#shortBytes = text.length;
  }

  #took(error: string | null): void {
    if (error !== null && !this.#isBehind) this.#options.failed(error);
    this.#isBehind = error !== null;
  }
}

const DONE = JSON.stringify({ done: true });

/**
 * Reads what a daemon has left. Null: nothing that means anything now. `fault`: why some of it, or all, cannot be read; a last line
 * without an end is none, since it was cut short before anything was done about it.
 */
export function readStateLog(text: string, boot: string): Readonly<{ left: Left | null; fault: string | null }> {
  const [first = "", ...lines] = text.split("\n").slice(0, -1);
  if (text === "") return { left: null, fault: null };
  const head = parse(first);
  if (head?.format !== FORMAT) return { left: null, fault: "it is not in a format that this version reads" };
  if (head.boot !== boot) return { left: null, fault: null };
  const saved = new Map<string, Saved>();
  const doubtful = new Set<string>();
  for (const [index, line] of lines.entries()) {
    const record = parse(line);
    const unit = decode(line);
    if (unit) {
      saved.set(unit.unit, unit);
      doubtful.add(unit.unit);
    } else if (typeof record?.gone === "string") saved.delete(record.gone);
    else if (record?.done === true) doubtful.clear();
    else return { left: leftOf(saved, doubtful), fault: `line ${index + 2} cannot be read` };
  }
  return { left: leftOf(saved, doubtful), fault: null };
}

function leftOf(saved: ReadonlyMap<string, Saved>, doubtful: ReadonlySet<string>): Left {
  return { saved, isDone: ({ unit }) => !doubtful.has(unit) };
}

function parse(line: string): Readonly<Record<string, unknown>> | null {
  try {
    const read: unknown = JSON.parse(line);
    return typeof read === "object" && read !== null ? { ...read } : null;
  } catch {
    return null;
  }
}
