import { join } from "node:path";
import type { InvocationId } from "../core/facts.ts";
import type { StateFile } from "../daemon/ports.ts";
import type { Limit } from "./limits.ts";

/** Where it is in a state directory. */
export const ledgerPath = (stateDir: string): string => join(stateDir, "lives.jsonl");

/** A listener that was lent, by the number that the kernel has for it. */
export type Lent = Readonly<{ name: string; inode: number }>;

/** One invocation that was begun and not ended: what it takes to find its processes, and to go on with them. */
export type Entry = Readonly<{
  invocation: InvocationId;
  /** For whom. Shape: `api@1`. */
  keeper: string;
  listeners: readonly Lent[];
  /** The process that was started, once it was: a pid is its own from then on. */
  leader: Readonly<{ pid: number; startTicks: number }> | null;
  /** Where it reports. */
  notifyPath: string | null;
  /** How many descriptors it may store. */
  storeMax: number;
  /** The user that it runs as, when that is somebody else than ourselves. */
  uid: number | null;
  /** What its output goes to. Shape: `pipe:[4711]`. */
  pipes: readonly string[];
  /** Its control group. Earlier versions have written no limits. */
  group: Readonly<{ folder: string; name: string; limits?: readonly Limit[] }> | null;
}>;

/**
 * The invocations that are alive, for whoever comes after this process was killed. A failure is noted once, and holds nothing up:
 * what is not in here is not found again.
 */
export interface Ledger {
  /** To be told before there is a process, and again with what was not known then. */
  began(entry: Entry): void;
  ended(invocation: InvocationId): void;
}

export type LedgerOptions = Readonly<{
  file: StateFile;
  /** Who is alive already. */
  entries: readonly Entry[];
  note: (text: string) => void;
}>;

/** The file grows to this, and to four times what it says in short, before it is written anew. Units: bytes. */
const LEAST_TO_SHORTEN = 256 * 1024;

/**
 * Keeps one file for all, one JSON object a line: `{"life":{…}}`, of which the last one of an invocation counts, and `{"over":ID}`.
 * Why not a file for each: to make one and to remove it takes longer than all else that a start does on a disk.
 */
export function createLedger(options: LedgerOptions): Ledger {
  return new FileLedger(options);
}

class FileLedger implements Ledger {
  readonly #options: LedgerOptions;
  readonly #lives: Map<InvocationId, Entry>;
  #sizeBytes = 0;
  #shortBytes = 0;
  #isBehind = true;
  #wasNoted = false;

  constructor(options: LedgerOptions) {
    this.#options = options;
    this.#lives = new Map(options.entries.map((entry) => [entry.invocation, entry]));
  }

  began(entry: Entry): void {
    this.#lives.set(entry.invocation, entry);
    this.#write(JSON.stringify({ life: entry }));
  }

  ended(invocation: InvocationId): void {
    if (this.#lives.delete(invocation)) this.#write(JSON.stringify({ over: invocation }));
  }

  #write(line: string): void {
    const isLong = this.#sizeBytes > Math.max(LEAST_TO_SHORTEN, 4 * this.#shortBytes);
    const isWritten = !this.#isBehind && !isLong && this.#append(`${line}\n`);
    const error = isWritten ? null : this.#shorten();
    this.#isBehind = error !== null;
    if (error !== null && !this.#wasNoted) this.#options.note(`who runs cannot be written down: ${error}`);
    this.#wasNoted = error !== null;
  }

  #append(text: string): boolean {
    this.#sizeBytes += text.length;
    return this.#options.file.append(text) === null;
  }

  #shorten(): string | null {
    const text = [...this.#lives.values()].map((life) => `${JSON.stringify({ life })}\n`).join("");
    this.#sizeBytes = this.#shortBytes = text.length;
    return this.#options.file.replace(text);
  }
}

/**
 * Who was alive when the last one to write here ended. A last line without an end is none: it was cut short before anything was done
 * about it. One that cannot be read says nothing.
 */
export function readLedger(text: string): readonly Entry[] {
  const lives = new Map<InvocationId, Entry>();
  for (const line of text.split("\n").slice(0, -1)) {
    const { life, over } = parse(line);
    if (typeof over === "string") lives.delete(over);
    else if (isEntry(life)) lives.set(life.invocation, { ...unknown, ...life });
  }
  return [...lives.values()];
}

/** Of whom nothing is known but that he is. */
const unknown = {
  listeners: [],
  leader: null,
  notifyPath: null,
  storeMax: 0,
  uid: null,
  pipes: [],
  group: null,
} as const;

function isEntry(read: unknown): read is Entry {
  if (typeof read !== "object" || read === null) return false;
  const { invocation, keeper } = read as Partial<Entry>;
  return typeof invocation === "string" && typeof keeper === "string";
}

/** What one of ours has written; nothing of what is somebody else's. */
function parse(line: string): Readonly<{ life?: unknown; over?: unknown }> {
  try {
    const read: unknown = JSON.parse(line);
    return typeof read === "object" && read !== null ? read : {};
  } catch {
    return {};
  }
}
