import {
  appendFileSync,
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers";
import type { HistoryFiles } from "../daemon/ports.ts";

/** How long what happened waits for more of it: what hundreds of starts have to do comes first. Units: milliseconds. */
const gatherMs = 1_000;
/** Between the files of a few units and of the next few. Units: milliseconds. */
const betweenMs = 20;
const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW } = constants;

/**
 * Keeps one file a unit, `<directory>/UNIT.ndjson`, for its owner alone. The directory is made when it is missing.
 * A last line that a crash has cut short is ended, so that it does not spoil the next one. Nothing is written through a link.
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
      attempt(directory, () => {
        const start = ended.delete(unit) || isEnded(read(unit)) ? "" : "\n";
        append(pathOf(unit), start + text);
        ended.add(unit);
      }),
    replace: (unit, text) =>
      attempt(directory, () => {
        rmSync(`${pathOf(unit)}.new`, { force: true });
        writeFileSync(`${pathOf(unit)}.new`, text, { mode: 0o600, flag: "wx" });
        renameSync(`${pathOf(unit)}.new`, pathOf(unit));
        ended.add(unit);
      }),
    // It holds no program up that would end otherwise.
    soon: (write, isMore = false) => void setTimeout(write, isMore ? betweenMs : gatherMs).unref(),
  };
}

const isEnded = (text: string): boolean => text === "" || text.endsWith("\n");

function append(path: string, text: string): void {
  const fd = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600);
  try {
    appendFileSync(fd, text);
  } finally {
    closeSync(fd);
  }
}

/** A second time where the directory is missing: it is made only then. */
function attempt(directory: string, write: () => void): string | null {
  try {
    try {
      write();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      write();
    }
    return null;
  } catch (error) {
    return `history: ${(error as Error).message}`;
  }
}
