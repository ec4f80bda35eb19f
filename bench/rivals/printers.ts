import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { costOf, spentBetween } from "../processes.ts";
import type { Contender, Order } from "./contender.ts";
import { type Programs, withKept } from "./kept.ts";

const LINE_BYTES = 100;
const BOUND_MS = 120_000;
/** What everybody calls these files, rotated or not. */
const LOG = /\.log(\.\d+)?$/;
/** Seldom enough that the looks cost nobody time who is measured. */
const LOOK_MS = 5;
/** Nothing more comes once nothing has come for this long. */
const SILENCE_MS = 3_000;

const PROGRAM = fileURLToPath(new URL("../services/printer.pl", import.meta.url));

/** What became of what was printed. Units: MB a second; CPU seconds of the keeper for a GB; lines that are in no file. */
export type Printed = Readonly<{ perSecond: number; cpuPerGb: number; lost: number }>;

/** Has a contender keep what `units` programs print together, so many lines with each write. */
export async function print(
  contender: Contender,
  { units, megabytes, linesAtOnce }: Readonly<{ units: number; megabytes: number; linesAtOnce: number }>,
): Promise<Printed> {
  const each = Math.floor((megabytes * 1e6) / units / LINE_BYTES / linesAtOnce) * linesAtOnce * LINE_BYTES;
  let printed: Printed | undefined;
  await withKept(contender, printers(units, each, linesAtOnce), async ({ folder, order, rollCall, keepers }) => {
    const startedAtMs = await rollCall.count(1, BOUND_MS);
    const before = costOf(keepers());
    const { bytes, atMs } = await arrived(folder, order, each * units, BOUND_MS);
    printed = {
      perSecond: bytes / 1e6 / ((atMs - startedAtMs) / 1000),
      cpuPerGb: spentBetween(before, costOf(keepers())).runMs / 1e3 / (bytes / 1e9),
      lost: Math.round((each * units - bytes) / LINE_BYTES),
    };
  });
  if (!printed) throw new Error(`${contender.name} was not measured`);
  return printed;
}

/** `count` programs that print `bytes` each as fast as they are let. */
const printers = (count: number, bytes: number, linesAtOnce: number): Programs => {
  const writes = bytes / LINE_BYTES / linesAtOnce;
  return (report) =>
    Array.from({ length: count }, (_, index) => ({
      name: `u${index}`,
      argv: ["/bin/sh", "-c", `${report}; exec perl ${PROGRAM} ${writes} ${linesAtOnce}`],
    }));
};

/** Until all is in files, or nothing more comes. Units: bytes; `performance.now()` when the last of them was seen. */
async function arrived(
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
  return readdirSync(folder).reduce((sum, name) => sum + (LOG.test(name) ? sizeOf(join(folder, name)) : 0), 0);
}

/** 0 when it was renamed a moment ago: then it is counted in the next look. */
const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
