import { Capture } from "./capture.ts";
import type { LastBlock } from "./last-block.ts";
import type { KeptPipe, Pipes } from "./pipes.ts";
import { Stamp } from "./stamp.ts";

export type StreamOptions = Readonly<{
  /** The read end; it is closed at the end. */
  fd: number;
  pipes: Pipes;
  /** Gives the time to put before each line; null: lines are kept as they are. */
  wall: (() => Date) | null;
  /** What a former life has written of this stream last; null: nothing of it is open. */
  past: LastBlock | null;
  write: (bytes: Uint8Array) => void;
  remember: (bytes: Uint8Array) => void;
  /** Called once, after the last byte was written. */
  ended: () => void;
}>;

/** Carries what one process prints on one descriptor to the unit's file and to the invocation's tail. */
export class Stream {
  readonly #options: StreamOptions;
  readonly #capture: Capture;
  readonly #pipe: KeptPipe;
  #done = false;

  constructor(options: StreamOptions) {
    this.#options = options;
    const { past, pipes, fd } = options;
    const stamp = options.wall && new Stamp(options.wall, past ?? undefined);
    const capture = new Capture((bytes) => {
      options.write(stamp ? stamp.apply(bytes) : bytes);
      options.remember(bytes);
    }, past?.isMidLine);
    this.#capture = capture;
    this.#pipe = pipes.keep(fd, {
      cut: (bytes, isFull) => capture.cut(bytes, isFull),
      take: (bytes) => capture.take(bytes),
      end: () => this.#end(),
    });
  }

  /** Goes on where a former life has stopped; to be called before anything is written to the unit's file, if that can be. */
  goOn(): void {
    const { past } = this.#options;
    if (!past) return;
    const isTorn = past.candidates.some((block) => this.#pipe.skip(block)) && past.isMidLine;
    this.#pipe.settle(past.isMidLine);
    // The rest of the line is there already: at once, so that nobody else's line comes between.
    if (isTorn) this.#pipe.look();
  }

  /** Reads all that is there now, and ends the last line: its writer is dead, even if a descendant holds the pipe. */
  flush(): void {
    if (this.#done) return;
    this.#pipe.drain();
    this.#endLine();
  }

  /** Reads all that is there now and lets go of the pipe. */
  close(): void {
    this.flush();
    this.#end();
  }

  #endLine(): void {
    if (this.#done) return;
    this.#capture.end();
    this.#pipe.settle(false);
  }

  #end(): void {
    if (this.#done) return;
    this.#endLine();
    this.#done = true;
    this.#pipe.stop();
    this.#options.pipes.close(this.#options.fd);
    this.#options.ended();
  }
}
