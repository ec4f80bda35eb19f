import type { WhyEntry } from "../unit/why.ts";
import type { Told } from "./happening.ts";
import type { Happening, HistoryFiles } from "./ports.ts";

export type HistoryOptions = Readonly<{
  files: HistoryFiles;
  /** When this life of the supervisor began. RFC 3339. */
  life: string;
  /** What a process printed last. */
  tail: (invocation: string) => readonly string[];
  /** Hears once that nothing can be written, and again after it could. */
  failed: (message: string) => void;
}>;

/**
 * What happened to each unit, kept beyond the life of the supervisor.
 * Bound: the last 200 entries of each unit, in a file that is rewritten when it is over 256 KiB.
 * Why not at once: a crash loop must not wait for the disk. What came in the last moments before a SIGKILL may be missing.
 */
export interface History {
  take(told: Told, at: Pick<Happening, "at" | "pid">): void;
  /** Newest first. */
  of(unit: string, limit?: number): readonly WhyEntry[];
  /** Writes what is not written yet. */
  flush(): void;
}

export function createHistory(options: HistoryOptions): History {
  return new Chronicle(options);
}

const mostEntries = 200;
const mostBytes = 256 * 1024;
/** Each takes a quarter of a millisecond, in which nobody is answered. */
const mostFilesAtOnce = 8;
/** Of the last lines that a process printed. */
const mostLines = 5;
const longestLine = 200;
const longestText = 2000;

/** Moves that another event tells better. */
const untold: ReadonlySet<string> = new Set([
  "service.running",
  "service.replacing",
  "service.soaking",
  "service.waiting",
  "service.survivors",
]);

class Chronicle implements History {
  readonly #options: HistoryOptions;
  readonly #pending = new Map<string, string[]>();
  #isDue = false;
  #isFailing = false;

  constructor(options: HistoryOptions) {
    this.#options = options;
  }

  take(told: Told, { at, pid }: Pick<Happening, "at" | "pid">): void {
    const { unit, level: _level, text, why, ...fields } = told;
    if (unit === null || untold.has(told.event)) return;
    const { life } = this.#options;
    const words = { text: text.slice(0, longestText), why: why?.slice(0, longestText) ?? null };
    const entry: WhyEntry = { life, at, pid, ...fields, ...words, output: this.#outputOf(told) };
    const lines = this.#pending.get(unit) ?? [];
    this.#pending.set(unit, lines);
    lines.push(`${JSON.stringify(entry)}\n`);
    if (lines.length > mostEntries) lines.shift();
    this.#flushSoon();
  }

  of(unit: string, limit = mostEntries): readonly WhyEntry[] {
    const text = this.#options.files.read(unit) + (this.#pending.get(unit) ?? []).join("");
    const entries = linesOf(text).slice(-mostEntries).flatMap(parse);
    return entries.reverse().slice(0, limit);
  }

  flush(): void {
    this.#isDue = false;
    this.#writeOut(this.#pending.size);
  }

  /** What hundreds of units did is written a few units at a time: nothing waits for all those files. */
  #flushSome(): void {
    this.#isDue = false;
    this.#writeOut(mostFilesAtOnce);
    if (this.#pending.size > 0) this.#flushSoon(true);
  }

  #flushSoon(isMore = false): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#options.files.soon(() => this.#flushSome(), isMore);
  }

  #writeOut(most: number): void {
    for (const [unit, lines] of [...this.#pending].slice(0, most)) {
      this.#pending.delete(unit);
      const error = this.#write(unit, lines.join(""));
      if (error !== null && !this.#isFailing) this.#options.failed(error);
      this.#isFailing = error !== null;
    }
  }

  #write(unit: string, text: string): string | null {
    const { files } = this.#options;
    const sizeBytes = files.sizeBytes(unit);
    if (sizeBytes + text.length <= mostBytes) return files.append(unit, text);
    return files.replace(unit, youngest(files.read(unit) + text));
  }

  /** What it said last explains an end that was no clean one, and that is told once. */
  #outputOf({ event, invocation, cause }: Told): readonly string[] {
    const isClean = cause?.tag === "stopped" || (cause?.tag === "exit" && cause.code === 0);
    if (event !== "service.exited" || invocation === null || isClean) return [];
    const lines = this.#options.tail(invocation).slice(-mostLines);
    return lines.map((line) => line.slice(0, longestLine));
  }
}

/** The last entries that together take half of what there may be, so that the next rewrite is far away. */
function youngest(text: string): string {
  const lines = linesOf(text).slice(-mostEntries);
  let left = mostBytes / 2;
  const kept = lines.reverse().filter((line) => {
    left -= line.length + 1;
    return left >= 0;
  });
  return kept
    .reverse()
    .map((line) => `${line}\n`)
    .join("");
}

function linesOf(text: string): readonly string[] {
  return text.split("\n").filter((line) => line !== "");
}

/** A line that a crash has cut in two is none. */
function parse(line: string): readonly WhyEntry[] {
  try {
    const read: unknown = JSON.parse(line);
    return typeof read === "object" && read !== null && "event" in read && "at" in read ? [read as WhyEntry] : [];
  } catch {
    // Half a line, from a write that did not come to its end.
    return [];
  }
}
