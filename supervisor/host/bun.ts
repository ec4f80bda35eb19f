import { dlopen, type FFIFunction, type Pointer, ptr, toArrayBuffer } from "bun:ffi";
import { mkdir, rmdir, writeFile } from "node:fs/promises";
import type { Linked, RuntimeBinding, Signatures } from "./runtime.ts";

/** Bun's side of what differs. */
export const binding: RuntimeBinding = {
  version: `bun ${Bun.version}`,
  execPath: process.execPath,
  link,
  addressOf: (bytes) => Number(ptr(bytes)),
  cell,
  functionAddress,
  writeAside: (path, text) => writeFile(path, text, { flag: "r+" }),
  makeFolderAside: async (path) => void (await mkdir(path, { recursive: true })),
  removeFolderAside: (path) => rmdir(path),
  keepThread: () => {},
  // The types leave it out. Source: Bun's `functionBunShrink`, which is JavaScriptCore's shrinkFootprintWhenIdle.
  giveBack: () => (Bun as unknown as Readonly<{ shrink(): void }>).shrink(),
};

function link<S extends Signatures>(library: string, signatures: S): Linked<S> {
  const functions: Record<string, FFIFunction> = {};
  for (const [name, args] of Object.entries(signatures)) {
    functions[name] = { args: args.map((type) => (type === "buffer" ? "ptr" : type)), returns: "i32" };
  }
  return dlopen(library, functions).symbols as unknown as Linked<S>;
}

function cell(library: string, name: string): Int32Array {
  const { symbols } = dlopen(library, { [name]: { args: [], returns: "ptr" } });
  const address = symbols[name]?.() as Pointer;
  return new Int32Array(toArrayBuffer(address, 0, 4));
}

function functionAddress(library: string, name: string): number {
  const { symbols } = dlopen(library, { [name]: { args: [], returns: "void" } });
  // The types leave it out: each function that was looked up carries its own address.
  return Number((symbols[name] as unknown as Readonly<{ ptr: number }>).ptr);
}
