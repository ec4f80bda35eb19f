import type { LogEntry } from "../unit/log-entry.ts";
import type { LogQuery } from "../unit/log-query.ts";
import { LogReader } from "./log-reader.ts";
import { Wakes } from "./wakes.ts";

/**
 * Reads what units printed, merged by time, in batches. Lines of one unit stay in their order, whatever their times.
 *
 * Shape: when following, one empty batch says that all that was kept before has been given.
 * Why by their heads alone: each unit's lines are in order already, so that the oldest of the first ones is the oldest of all.
 */
export async function* query(wanted: LogQuery, signal: AbortSignal): AsyncGenerator<readonly LogEntry[], void, void> {
  const { sources, lines, follow } = wanted;
  if (sources.length === 0) return;
  const readers: LogReader[] = [];
  const wakes = follow
    ? new Wakes(
        sources.map(({ file }) => file),
        signal,
      )
    : null;
  try {
    for (const source of sources) readers.push(await LogReader.open(source, wanted, signal));
    await skip(readers, readers.reduce((sum, reader) => sum + reader.matches, 0) - lines);
    for (let isTold = false; !signal.aborted; ) {
      const batch = await take(readers);
      if (batch.length > 0) yield batch;
      else if (!wakes) return yield* rest(readers);
      else if (isTold) await wakes.wait();
      else {
        isTold = true;
        yield [];
      }
    }
  } finally {
    wakes?.close();
    for (const reader of readers) reader.close();
  }
}

const BATCH_LINES = 512;
const BATCH_CHARACTERS = 256 * 1024;

/** Takes the next lines of all readers. Empty: there are none now. */
async function take(readers: readonly LogReader[]): Promise<readonly LogEntry[]> {
  const batch: LogEntry[] = [];
  const dry = new Set<LogReader>();
  for (let characters = 0; batch.length < BATCH_LINES && characters < BATCH_CHARACTERS; ) {
    await fill(readers, dry);
    const entry = takeOldest(readers);
    if (!entry) break;
    batch.push(entry);
    characters += entry.text.length;
  }
  return batch;
}

/** Asks every reader without a next line for one, unless it is known to have none. */
async function fill(readers: readonly LogReader[], dry: Set<LogReader>): Promise<void> {
  for (const reader of readers) {
    if (reader.peek() === null && !dry.has(reader) && !(await reader.fill())) dry.add(reader);
  }
}

/** Leaves out the oldest of what each unit has, so that so many are left of all units. */
async function skip(readers: readonly LogReader[], count: number): Promise<void> {
  const dry = new Set<LogReader>();
  for (let left = count; left > 0; left--) {
    await fill(readers, dry);
    if (!takeOldest(readers)) return;
  }
}

/** Gives the lines that will never be ended. */
function* rest(readers: readonly LogReader[]): Generator<readonly LogEntry[], void, void> {
  for (const reader of readers) reader.finish();
  for (let entry = takeOldest(readers); entry; entry = takeOldest(readers)) yield [entry];
}

/** The earlier reader wins a tie, so that the order is always the same. */
function takeOldest(readers: readonly LogReader[]): LogEntry | null {
  let chosen: LogReader | null = null;
  let oldest: LogEntry | null = null;
  for (const reader of readers) {
    const entry = reader.peek();
    if (!entry || (oldest && (entry.timeMs ?? -Infinity) >= (oldest.timeMs ?? -Infinity))) continue;
    chosen = reader;
    oldest = entry;
  }
  chosen?.take();
  return oldest;
}
