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
  /** As `watch`, for a keeper: what is in the pipe stays there until it is kept, so that the death of this process loses nothing. */
  keep(fd: number, keeper: PipeKeeper): KeptPipe;
  /** What the one who kept from a pipe before has left behind. To be asked before `keep`. */
  past(fd: number): PipePast;
}

export interface PipeWatch {
  /** Reads all that is there now; `chunk` and `end` are called before it returns. */
  pump(): void;
  /** After it neither `chunk` nor `end` is called. */
  stop(): void;
}

export interface PipeKeeper {
  /** Decides how many of the bytes at the head of the pipe are to be kept now. `isFull`: no more will come before some are. */
  cut(bytes: Uint8Array, isFull: boolean): number;
  /** Keeps them, before it returns; the buffer is reused. After that they leave the pipe, all at once. */
  take(bytes: Uint8Array): void;
  /** Called once: the pipe is empty, and nobody can write into it any more. */
  end(): void;
}

export interface KeptPipe {
  /** Shows what is there now to the keeper. Once: a view may end before all that is there. */
  look(): void;
  /** Has all that is there now taken, without asking where to cut; `end` too is called before it returns. */
  drain(): void;
  /** Lets these bytes leave the pipe without being taken, when they stand at its head. True: they did. */
  skip(bytes: Uint8Array): boolean;
  /** All that was taken has left the pipe, and the last line of it has (`isMidLine`: has not) its end: says so to whoever comes after a death. */
  settle(isMidLine: boolean): void;
  /** After it nothing is called any more. */
  stop(): void;
}

/**
 * `isSettled`: whatever was taken has left the pipe. If not, the last bytes that were taken may still stand at its head.
 * `isMidLine`: the last byte taken ended no line; known only of a settled one.
 * `isFull`: somebody may be waiting for room in it.
 */
export type PipePast = Readonly<{ isSettled: boolean; isMidLine: boolean; isFull: boolean }>;
