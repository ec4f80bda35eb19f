import { setImmediate as nextTurn } from "node:timers/promises";
import { LineCut } from "./line-cut.ts";
import { Trail } from "./trail.ts";
import { Wake } from "./wake.ts";

export type FollowOptions = Readonly<{
  /** How many of the last lines come first. `Infinity`: all that are kept. */
  lines: number;
  /** Whether to go on with what is printed from then on. */
  follow: boolean;
  signal?: AbortSignal;
}>;

/**
 * Reads a unit's output: its last lines in order, across rotated files, then each new one, until the signal.
 *
 * Shape: lines without their newline. A file that is not there yet is waited for when following.
 * Units: a line longer than 1 MiB comes in pieces of that size.
 */
export async function* follow(file: string, options: FollowOptions): AsyncGenerator<string, void, void> {
  const trail = new Trail(file, options.lines, options.follow);
  const wake = new Wake(file, options.signal);
  const cut = new LineCut();
  const buffer = new Uint8Array(BUFFER_BYTES);
  try {
    while (!options.signal?.aborted) {
      const size = trail.read(buffer);
      if (size > 0) {
        yield* cut.take(buffer.subarray(0, size));
        // A flood is read without a pause: whoever else runs in this process has its turn between two blocks.
        await nextTurn();
      } else if (!options.follow) {
        yield* cut.end();
        return;
      } else {
        await wake.wait();
      }
    }
  } finally {
    wake.close();
    trail.close();
  }
}

const BUFFER_BYTES = 64 * 1024;
