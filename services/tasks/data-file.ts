import { constants } from "node:fs";
import { type FileHandle, open, realpath } from "node:fs/promises";
import { isAbsolute, join, sep } from "node:path";
import type { TaskError } from "../queue/queue.ts";
import { untilAborted } from "./until-aborted.ts";

/** A file that is open for reading. */
export type DataFile = Readonly<{
  /** Fills the bytes from the start, as far as there are more. Answers how many; 0 is the end. */
  read(bytes: Uint8Array): Promise<number>;
  close(): Promise<void>;
}>;

export type OpenedFile = Readonly<{ ok: true; file: DataFile } | { ok: false; error: TaskError; retry: boolean }>;

/** The only folder that is read from, and when to stop. */
export type DataFolder = Readonly<{ folder: string; signal: AbortSignal }>;

/** What is asked of the file system. */
export type Disk = Readonly<{
  realpath(path: string): Promise<string>;
  open(path: string, flags: number): Promise<Pick<FileHandle, "stat" | "read" | "close">>;
}>;

/**
 * Opens a file for reading that must lie below `folder`, wherever its links lead.
 * Errors: `file-outside` for `..`, absolute names and links that leave the folder; `file-missing` (it may come yet: worth a retry);
 * `file-unreadable` for directories, devices, and what the system refuses. Rejects with the reason of the signal when that fires:
 * the opening, and whatever is asked of the file afterwards, even while the file system hangs.
 */
export async function openDataFile(
  { folder, signal }: DataFolder,
  name: string,
  disk: Disk = { realpath, open },
): Promise<OpenedFile> {
  if (isAbsolute(name) || name.includes("\0") || name.split(/[\\/]/).includes("..")) return outside(name);
  try {
    const root = await untilAborted(disk.realpath(folder), signal);
    const real = await untilAborted(disk.realpath(join(root, name)), signal);
    if (!real.startsWith(root.endsWith(sep) ? root : root + sep)) return outside(name);
    const file = await openRegular(real, signal, disk);
    return file ? { ok: true, file } : no("file-unreadable", `${name}: is not a regular file`);
  } catch (error) {
    signal.throwIfAborted();
    const { code = "error", message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return { ...no("file-missing", `${name}: no such file in the data folder`), retry: true };
    return no("file-unreadable", `${name}: ${message.split(",")[0]}`);
  }
}

/** Not following a last-moment link, and not waiting for the other end of a pipe. Null: it is something else. */
async function openRegular(path: string, signal: AbortSignal, disk: Disk): Promise<DataFile | null> {
  const opening = disk.open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  let isTaken = false;
  try {
    const handle = await untilAborted(opening, signal);
    isTaken = (await untilAborted(handle.stat(), signal)).isFile();
    return isTaken ? endingWith(signal, handle) : null;
  } finally {
    // Also one that is opened only when nobody waits any more: the runtimes take offence at a handle that is let go.
    if (!isTaken) opening.then((handle) => handle.close()).catch(() => {});
  }
}

function endingWith(signal: AbortSignal, handle: Pick<FileHandle, "read" | "close">): DataFile {
  return {
    read: async (bytes) => (await untilAborted(handle.read(bytes, 0, bytes.length), signal)).bytesRead,
    close: () => untilAborted(handle.close(), signal),
  };
}

const outside = (name: string) => no("file-outside", `${name}: must lie in the data folder`);

const no = (code: string, message: string) => ({ ok: false, error: { code, message }, retry: false }) as const;
