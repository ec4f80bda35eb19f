import { setImmediate as nextTurn } from "node:timers/promises";
import type { LogEntry } from "../unit/log-entry.ts";
import type { LogQuery, LogSource } from "../unit/log-query.ts";
import { closeLink, type Link, openChain } from "./chain.ts";
import type { Said } from "./index-cursor.ts";
import { findLast } from "./last-lines.ts";
import { LineCut } from "./line-cut.ts";
import { type LogFilter, logFilter } from "./log-filter.ts";
import { Trail } from "./trail.ts";

export type Wanted = Omit<LogQuery, "sources">;

/** Reads what one unit printed, line by line. */
export class LogReader {
  /** How many lines it has, at most as many as wanted; 0 when all are wanted. */
  readonly matches: number;
  readonly #trail: Trail;
  readonly #signal: AbortSignal;
  readonly #cut: LineCut;
  /** What has been read and not been taken, the next one last. */
  #entries: LogEntry[] = [];
  #read: LogEntry[] = [];

  /** Opens its files. At most `lines` of the last lines that match come, then, when following, whatever is added. */
  static async open(source: LogSource, wanted: Wanted, signal: AbortSignal): Promise<LogReader> {
    const { lines, follow } = wanted;
    const filter = logFilter(wanted, source);
    const links = youngerThan(openChain(source.file, null).links, wanted.sinceMs);
    const [oldest] = links;
    const trail = new Trail(source.file, links, follow);
    const last = lines === Infinity ? null : await findLast(links, { lines, filter, signal });
    const place = last?.place ?? (oldest && { link: oldest, offset: 0 });
    if (place) trail.begin(place);
    const matches = last ? Math.min(last.matches, lines) : 0;
    const reader = new LogReader({ unit: source.unit, trail, filter, signal, matches });
    await reader.#skip((last?.matches ?? 0) - matches);
    return reader;
  }

  private constructor({ unit, trail, filter, signal, matches }: Parts) {
    this.matches = matches;
    this.#trail = trail;
    this.#signal = signal;
    this.#cut = new LineCut((bytes, said) => {
      if (filter && !filter(said)) return;
      for (const line of decoder.decode(bytes).split("\n")) this.#read.push(entryOf(unit, line, said));
    });
  }

  /** The next line. Null: `fill` first. */
  peek(): LogEntry | null {
    return this.#entries.at(-1) ?? null;
  }

  take(): void {
    this.#entries.pop();
  }

  /**
   * Reads on until there is a next line. False: nothing more is there now.
   * Why the turns: a flood is read without a pause, and whoever else runs in this process has its turn between two blocks.
   */
  async fill(): Promise<boolean> {
    while (this.#entries.length === 0 && !this.#signal.aborted) {
      const slices = await this.#trail.read();
      if (slices === null) return false;
      for (const slice of slices) this.#cut.take(slice);
      this.#turn();
      await nextTurn();
    }
    return this.#entries.length > 0;
  }

  /** Nothing will be added: what has no end is a line too. */
  finish(): void {
    this.#cut.end();
    this.#turn();
  }

  close(): void {
    this.#trail.close();
  }

  #turn(): void {
    const read = this.#read.reverse();
    this.#entries = this.#entries.length === 0 ? read : [...read, ...this.#entries];
    this.#read = [];
  }

  async #skip(count: number): Promise<void> {
    for (let left = count; left > 0 && (this.peek() !== null || (await this.fill())); left--) this.take();
  }
}

type Parts = Readonly<{
  unit: string;
  trail: Trail;
  filter: LogFilter | null;
  signal: AbortSignal;
  matches: number;
}>;

/** Leaves out what was last written before a time. */
function youngerThan(links: readonly Link[], sinceMs: number | null): readonly Link[] {
  if (sinceMs === null) return links;
  const first = links.findIndex((link, at) => link.modifiedMs >= sinceMs || at === links.length - 1);
  for (const link of links.slice(0, first)) closeLink(link);
  return links.slice(Math.max(0, first));
}

function entryOf(unit: string, line: string, said: Said | null): LogEntry {
  const origin = said?.origin ?? null;
  const stampEnd = origin?.isStamped ? STAMP_LENGTH : 0;
  return {
    timeMs: said?.mark.timeMs ?? null,
    unit,
    instance: origin?.instance ?? null,
    stream: origin?.stream ?? null,
    pid: origin?.pid ?? null,
    invocation: origin?.invocation ?? null,
    generation: origin?.generation ?? null,
    stamp: line.slice(0, stampEnd),
    text: stampEnd > 0 ? line.slice(stampEnd) : line,
  };
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
/** Of `2026-01-02T03:04:05.678Z ` with its blank. */
const STAMP_LENGTH = 25;
