import { appendFileSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers";
import type { HistoryFiles } from "../daemon/ports.ts";

/** How long what happened waits for more of it. Units: milliseconds. */
const pauseMs = 200;

/**
 * Keeps one file a unit, `<directory>/UNIT.ndjson`, for its owner alone. The directory is made when it is missing.
 * A last line that a crash has cut short is ended, so that it does not spoil the next one.
 */
export function createHistoryFiles(directory: string): HistoryFiles {
  const pathOf = (unit: string): string => join(directory, `${unit}.ndjson`);
  const ended = new Set<string>();
  const read = (unit: string): string => {
    try {
      return readFileSync(pathOf(unit), "utf8");
    } catch {
      // Nothing has happened yet, or nothing that can be read: there is nothing to tell either way.
      return "";
    }
  };
  const sizeBytes = (unit: string): number => {
    try {
      return statSync(pathOf(unit)).size;
    } catch {
      // As above.
      return 0;
    }
  };
  return {
    read,
    sizeBytes,
    append: (unit, text) =>
      attempt(() => {
        mkdirSync(directory, { recursive: true, mode: 0o700 });
        const start = ended.delete(unit) || isEnded(read(unit)) ? "" : "\n";
        appendFileSync(pathOf(unit), start + text, { mode: 0o600 });
        ended.add(unit);
      }),
    replace: (unit, text) =>
      attempt(() => {
        mkdirSync(directory, { recursive: true, mode: 0o700 });
        writeFileSync(`${pathOf(unit)}.new`, text, { mode: 0o600 });
        renameSync(`${pathOf(unit)}.new`, pathOf(unit));
        ended.add(unit);
      }),
    // It holds no program up that would end otherwise.
    soon: (write) => void setTimeout(write, pauseMs).unref(),
  };
}

const isEnded = (text: string): boolean => text === "" || text.endsWith("\n");

function attempt(write: () => void): string | null {
  try {
    write();
    return null;
  } catch (error) {
    return `history: ${(error as Error).message}`;
  }
}
