/**
 * The pipes that services print into, as the operating system gives them: the output folder's only view of descriptors.
 *
 * Errors: `open` throws a system error with its `code` when no descriptor is left (EMFILE, ENFILE); the others never throw.
 */
export interface Pipes {
  /** The read end is non-blocking; both ends are close-on-exec. */
  open(): Readonly<{ read: number; write: number }>;
  close(fd: number): void;
  /**
   * Calls `chunk` with bytes as they come (the buffer is reused: copy what you keep), then `end` once.
   * The descriptor stays open at `end`: whoever opened it closes it.
   */
  watch(fd: number, chunk: (bytes: Uint8Array) => void, end: () => void): PipeWatch;
}

export interface PipeWatch {
  /** Reads all that is there now; `chunk` and `end` are called before it returns. */
  pump(): void;
  /** After it neither `chunk` nor `end` is called. */
  stop(): void;
}
