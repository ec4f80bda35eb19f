import { constants } from "node:fs";
import { type FileHandle, open, realpath } from "node:fs/promises";
import { isAbsolute, join, sep } from "node:path";
import type { TaskError } from "../queue/queue.ts";

export type OpenedFile = Readonly<{ ok: true; handle: FileHandle } | { ok: false; error: TaskError; retry: boolean }>;

/**
 * Opens a file for reading that must lie below `folder`, wherever its links lead.
 * Errors: `file-outside` for `..`, absolute names and links that leave the folder; `file-missing` (it may come yet: worth a retry);
 * `file-unreadable` for directories, devices, and what the system refuses.
 */
export async function openDataFile(folder: string, name: string): Promise<OpenedFile> {
  if (isAbsolute(name) || name.includes("\0") || name.split(/[\\/]/).includes("..")) return outside(name);
  let handle: FileHandle | undefined;
  try {
    const root = await realpath(folder);
    const real = await realpath(join(root, name));
    if (!real.startsWith(root.endsWith(sep) ? root : root + sep)) return outside(name);
    // Not following a last-moment link, and not waiting for the other end of a pipe.
    handle = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if ((await handle.stat()).isFile()) return { ok: true, handle };
    await handle.close();
    return no("file-unreadable", `${name}: is not a regular file`);
  } catch (error) {
    const { code = "error", message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return { ...no("file-missing", `${name}: no such file in the data folder`), retry: true };
    return no("file-unreadable", `${name}: ${message.split(",")[0]}`);
  }
}

const outside = (name: string) => no("file-outside", `${name}: must lie in the data folder`);

const no = (code: string, message: string) => ({ ok: false, error: { code, message }, retry: false }) as const;
