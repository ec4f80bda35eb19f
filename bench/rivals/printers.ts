import { closeSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Order } from "./contender.ts";
import type { Programs } from "./kept.ts";

export const LINE_BYTES = 100;
/** What every line begins with: so what was printed is told from what a keeper writes beside it. */
const MARK = "x";
const LOOK_MS = 2;
/** Nothing more comes once nothing has come for this long. */
const SILENCE_MS = 3_000;

const PROGRAM = fileURLToPath(new URL("../services/printer.pl", import.meta.url));

/** `count` programs that print `bytes` each as fast as they are let. */
export const printers = (count: number, bytes: number, linesAtOnce: number): Programs => {
  const writes = bytes / LINE_BYTES / linesAtOnce;
  return (report) =>
    Array.from({ length: count }, (_, index) => ({
      name: `u${index}`,
      argv: ["/bin/sh", "-c", `${report}; exec perl ${PROGRAM} ${writes} ${linesAtOnce}`],
    }));
};

/** Until all is in files, or nothing more comes. Units: bytes; `performance.now()` when the last of them was seen. */
export async function arrived(
  folder: string,
  { output = "" }: Order,
  wanted: number,
  boundMs: number,
): Promise<Readonly<{ bytes: number; atMs: number }>> {
  const end = performance.now() + boundMs;
  let last = { bytes: 0, atMs: performance.now() };
  for (;;) {
    const [bytes, atMs] = [printedIn(join(folder, output)), performance.now()];
    if (bytes > last.bytes) last = { bytes, atMs };
    if (bytes >= wanted || (bytes > 0 && atMs - last.atMs > SILENCE_MS) || atMs > end) return last;
    await pause(LOOK_MS);
  }
}

function printedIn(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).reduce((sum, name) => {
    const path = join(folder, name);
    return sum + (holdsLines(path) ? statSync(path).size : 0);
  }, 0);
}

function holdsLines(path: string): boolean {
  try {
    const fd = openSync(path, "r");
    try {
      const first = Buffer.alloc(1);
      return readSync(fd, first, 0, 1, 0) === 1 && first.toString("latin1") === MARK;
    } finally {
      closeSync(fd);
    }
  } catch {
    return false; // A folder, or renamed a moment ago.
  }
}
