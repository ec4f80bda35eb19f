import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { lookOften } from "./often.ts";
import type { Linked, RuntimeBinding, Signatures } from "./runtime.ts";

type Symbols = Record<string, (...args: unknown[]) => unknown>;

/** The few parts of Deno's own interface that are used here; the project has no package with its types. */
declare const Deno: Readonly<{
  version: { deno: string };
  execPath(): string;
  dlopen(library: string, symbols: Record<string, unknown>): { symbols: Symbols };
  UnsafePointer: { of(bytes: Uint8Array): object | null; value(pointer: object | null): number | bigint };
  UnsafePointerView: { getArrayBuffer(pointer: object, sizeBytes: number): ArrayBuffer };
  lstat(path: string): Promise<unknown>;
  mkdir(path: string, options: Readonly<{ recursive: boolean }>): Promise<void>;
  remove(path: string): Promise<void>;
  writeTextFile(path: string, text: string, options: Readonly<{ create: boolean }>): Promise<void>;
}>;

/** Deno's side of what differs. */
export const binding: RuntimeBinding = {
  version: `deno ${Deno.version.deno}`,
  execPath: Deno.execPath(),
  link,
  addressOf: (bytes) => Number(Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes))),
  cell,
  functionAddress,
  writeAside: (path, text) => Deno.writeTextFile(path, text, { create: false }),
  makeFolderAside: (path) => Deno.mkdir(path, { recursive: true }),
  removeFolderAside: (path) => Deno.remove(path),
  keepThread,
  giveBack: () => collector()({ type: "major", execution: "sync", flavor: "last-resort" }),
};

type Collect = (manner: Readonly<{ type: "major"; execution: "sync"; flavor: "last-resort" }>) => void;

/** V8's own. A context shows it that was made after the flag was set. Source: V8's gc-extension.cc. */
let collect: Collect | undefined;

function collector(): Collect {
  if (!collect) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as Collect;
  }
  return collect;
}

function link<S extends Signatures>(library: string, signatures: S): Linked<S> {
  const symbols: Record<string, unknown> = {};
  for (const [name, parameters] of Object.entries(signatures)) symbols[name] = { parameters, result: "i32" };
  return Deno.dlopen(library, symbols).symbols as Linked<S>;
}

function cell(library: string, name: string): Int32Array {
  const { symbols } = Deno.dlopen(library, { [name]: { parameters: [], result: "pointer" } });
  return new Int32Array(Deno.UnsafePointerView.getArrayBuffer(symbols[name]?.() as object, 4));
}

function functionAddress(library: string, name: string): number {
  const { symbols } = Deno.dlopen(library, { [name]: { type: "pointer" } });
  return Number(Deno.UnsafePointer.value((symbols[name] as object | null | undefined) ?? null));
}

/** A thread that is idle for ten seconds is given up. */
function keepThread(): void {
  lookOften(() => void Deno.lstat("/").catch(() => undefined));
}
