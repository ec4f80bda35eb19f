import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";

/** The file system as output needs it: what fails comes back as a value, since a full disk is an expected state. */
export interface Disk {
  makeDirectory(path: string): DiskError | null;
  /** Opens for appending and creates what is missing. `empty`: whatever the file held is dropped. */
  openAppend(path: string, empty: boolean): AppendFile | DiskError;
  /** Answers with the number of bytes written: at least one, perhaps fewer than given. */
  write(fd: number, bytes: Uint8Array): number | DiskError;
  rename(from: string, to: string): DiskError | null;
  remove(path: string): DiskError | null;
  exists(path: string): boolean;
  /** How large the file at this path is; null when there is none, or another one. */
  sizeOf(path: string, file: AppendFile): number | null;
  close(fd: number): void;
}

/** `midLine`: the last byte is not a newline, so whoever wrote it was cut off. */
export type AppendFile = Readonly<{
  fd: number;
  device: number;
  inode: number;
  sizeBytes: number;
  bornMs: number;
  midLine: boolean;
}>;

/** Shape: `{ code: "ENOSPC", text: "No space left on device" }`. */
export type DiskError = Readonly<{ code: string; text: string }>;

/** The real one. Files are 0640, directories 0750: what a service prints may be confidential. */
export const disk: Disk = {
  makeDirectory: (path) => attempt(() => mkdirSync(path, { recursive: true, mode: 0o750 })),
  openAppend: (path, empty) => guarded(() => openAppend(path, empty)),
  write: (fd, bytes) =>
    guarded(() => writeSync(fd, bytes, 0, bytes.length)) || { code: "EIO", text: TEXTS.EIO ?? "EIO" },
  rename: (from, to) => attempt(() => renameSync(from, to)),
  remove: (path) => attempt(() => unlinkSync(path)),
  exists: (path) => existsSync(path),
  sizeOf(path, { device, inode }) {
    const found = guarded(() => statSync(path));
    return "size" in found && found.dev === device && found.ino === inode ? found.size : null;
  },
  close: (fd) => void attempt(() => closeSync(fd)),
};

const { O_RDWR, O_APPEND, O_CREAT } = constants;

function openAppend(path: string, empty: boolean): AppendFile {
  const fd = openSync(path, O_RDWR | O_APPEND | O_CREAT, 0o640);
  if (empty) ftruncateSync(fd); // Deno refuses O_TRUNC together with O_APPEND.
  const { dev, ino, size, birthtimeMs } = fstatSync(fd);
  const last = new Uint8Array(1);
  const midLine = size > 0 && readSync(fd, last, 0, 1, size - 1) === 1 && last[0] !== 10;
  return { fd, device: dev, inode: ino, sizeBytes: size, bornMs: birthtimeMs, midLine };
}

function attempt(action: () => unknown): DiskError | null {
  try {
    action();
    return null;
  } catch (error) {
    return diskError(error);
  }
}

function guarded<T>(action: () => T): T | DiskError {
  try {
    return action();
  } catch (error) {
    return diskError(error);
  }
}

/** The runtimes word the same errno differently; people know the words of strerror(3). */
const TEXTS: Readonly<Record<string, string>> = {
  EACCES: "Permission denied",
  EDQUOT: "Disk quota exceeded",
  EFBIG: "File too large",
  EIO: "Input/output error",
  EISDIR: "Is a directory",
  EMFILE: "Too many open files",
  ENFILE: "Too many open files in system",
  ENOENT: "No such file or directory",
  ENOSPC: "No space left on device",
  ENOTDIR: "Not a directory",
  EPERM: "Operation not permitted",
  EROFS: "Read-only file system",
};

function diskError(error: unknown): DiskError {
  if (!(error instanceof Error)) throw error;
  if ("code" in error && typeof error.code === "string")
    return { code: error.code, text: TEXTS[error.code] ?? error.code };
  // Deno has no code for what file systems seldom say. Shape: `Function not implemented (os error 38)`.
  const [, text = null] = /^(.*) \(os error \d+\)$/.exec(error.message) ?? [];
  if (text === null) throw error;
  return { code: "EIO", text };
}
