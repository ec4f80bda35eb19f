import { Capture } from "./capture.ts";
import type { Pipes, PipeWatch } from "./pipes.ts";
import { Stamp } from "./stamp.ts";

export type StreamOptions = Readonly<{
  /** The read end; it is closed at the end. */
  fd: number;
  pipes: Pipes;
  /** Gives the time to put before each line; null: lines are kept as they are. */
  wall: (() => Date) | null;
  write: (bytes: Uint8Array) => void;
  remember: (bytes: Uint8Array) => void;
  /** Called once, after the last byte was written. */
  ended: () => void;
}>;

/** Carries what one process prints on one descriptor to the unit's file and to the invocation's tail. */
export class Stream {
  readonly #options: StreamOptions;
  readonly #capture: Capture;
  readonly #watch: PipeWatch;
  #done = false;

  constructor(options: StreamOptions) {
    this.#options = options;
    const stamp = options.wall && new Stamp(options.wall);
    this.#capture = new Capture((bytes) => {
      options.write(stamp ? stamp.apply(bytes) : bytes);
      options.remember(bytes);
    });
    this.#watch = options.pipes.watch(
      options.fd,
      (bytes) => this.#capture.take(bytes),
      () => this.#end(),
    );
  }

  /** Reads all that is there now, and ends the last line: its writer is dead, even if a descendant holds the pipe. */
  flush(): void {
    if (this.#done) return;
    this.#watch.pump();
    this.#capture.end();
  }

  /** Reads all that is there now and lets go of the pipe. */
  close(): void {
    this.flush();
    this.#end();
  }

  #end(): void {
    if (this.#done) return;
    this.#done = true;
    this.#capture.end();
    this.#watch.stop();
    this.#options.pipes.close(this.#options.fd);
    this.#options.ended();
  }
}
