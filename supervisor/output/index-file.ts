import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { decodeRecord, type IndexRecord, RECORD_BYTES } from "./index-record.ts";

export type IndexHead = Extract<IndexRecord, { tag: "head" }>;

/** Reads which file the index at `path` belongs to. Null: there is no index, or it does not say. */
export function readHead(path: string): IndexHead | null {
  return withFile(path, headOf);
}

/** Reads the last whole record of the index at `path`. Null: there is none. */
export function readLast(path: string): IndexRecord | null {
  return withFile(path, lastOf);
}

export function headOf(fd: number): IndexHead | null {
  const first = recordAt(fd, 0);
  return first?.tag === "head" ? first : null;
}

export function lastOf(fd: number): IndexRecord | null {
  const records = Math.floor(fstatSync(fd).size / RECORD_BYTES);
  return records > 0 ? recordAt(fd, (records - 1) * RECORD_BYTES) : null;
}

/** Opens for reading. Null: it is not there, or not ours to read. */
export function openQuietly(path: string): number | null {
  try {
    return openSync(path, "r");
  } catch {
    return null; // It is not there (yet, or any more), or not ours to read: nothing to show in either case.
  }
}

function withFile<T>(path: string, read: (fd: number) => T): T | null {
  const fd = openQuietly(path);
  if (fd === null) return null;
  try {
    return read(fd);
  } finally {
    closeSync(fd);
  }
}

function recordAt(fd: number, at: number): IndexRecord | null {
  const bytes = new Uint8Array(RECORD_BYTES);
  if (readSync(fd, bytes, 0, RECORD_BYTES, at) < RECORD_BYTES) return null;
  return decodeRecord(new DataView(bytes.buffer), 0);
}
