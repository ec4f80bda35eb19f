/** What a function of the C library takes, in the words that both runtimes share. `buffer`: the address of the bytes. */
export type CType = "i16" | "i32" | "u32" | "usize" | "buffer";

export type Signatures = Readonly<Record<string, readonly CType[]>>;

type Argument<T extends CType> = T extends "buffer" ? Uint8Array | null : number;
type Arguments<A extends readonly CType[]> = { -readonly [I in keyof A]: Argument<A[I]> };

/** The functions of a table, ready to call. Each returns C's `int`; a longer result is cut to it. */
export type Linked<S extends Signatures> = Readonly<{ [Name in keyof S]: (...args: Arguments<S[Name]>) => number }>;

/** All that differs between Bun and Deno. Everything else in this folder is the same source on both. */
export type RuntimeBinding = Readonly<{
  /** Shape: `bun 1.4.5`. */
  version: string;
  execPath: string;
  link<const S extends Signatures>(library: string, signatures: S): Linked<S>;
  /** The address of the first byte. Why: only bytes over an ArrayBuffer of their own stay where they are, so make them with `bytes`. */
  addressOf(bytes: Uint8Array): number;
  /** A live view of `int` that a function without arguments points to. */
  cell(library: string, name: string): Int32Array;
  /** Where a function of the library is, for whoever takes a function's address. */
  functionAddress(library: string, name: string): number;
  /**
   * Writes into a file that is there, while the event loop goes on. Errors: rejects with what the kernel refuses.
   * Why not through node:fs: on Deno that opens aside, and writes on the loop.
   */
  writeAside(path: string, text: string): Promise<void>;
  /** Makes a folder, and those above it, in the same way. */
  makeFolderAside(path: string): Promise<void>;
  /** Removes an empty folder in the same way. */
  removeFolderAside(path: string): Promise<void>;
  /**
   * Keeps at least one thread for what is done aside.
   * Why: Deno gives idle ones up after ten seconds, and ends the process when it then cannot have another one (EAGAIN).
   */
  keepThread(): void;
  /**
   * Collects all garbage and gives what that frees back to the machine, also code that was compiled; what is used again is
   * compiled again. Takes 5 to 20 ms, on Bun a little later.
   */
  giveBack(): void;
}>;

/** The runtime that this process runs on. */
export const runtime: RuntimeBinding =
  "Bun" in globalThis ? (await import("./bun.ts")).binding : (await import("./deno.ts")).binding;
