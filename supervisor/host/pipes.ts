import process from "node:process";
import type { Pipes, PipeWatch } from "../output/pipes.ts";
import { FRESH, type Glass, keepPipe, pastOf } from "./kept-pipe.ts";
import { bytes, errno, errnoName, errnoText, libc } from "./libc.ts";
import type { Reactor } from "./reactor.ts";
import { hasRoomBeside } from "./room.ts";

const F_SETFL = 4;
const F_SETPIPE_SZ = 1031;
const F_GETPIPE_SZ = 1032;
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;
const EMFILE = 24;
/** Four times the kernel's default: fewer wake-ups. */
const CAPACITY_BYTES = 256 * 1024;
/** Room for what is printed while no supervisor is there. */
const LARGE_BYTES = 1024 * 1024;
/** How many of those pipes somebody without privileges takes. Why: 64 MiB are all that he may have in pipes, those of his other programs included. */
const MOST_LARGE = 16;
/** How much is looked at at once. Why so much: looking and consuming cost two system calls more than reading. */
const VIEW_BYTES = 512 * 1024;

/** Real pipes, read by the reactor. One buffer serves all of them: its bytes are valid only during `chunk` and `take`. */
export function createPipes(reactor: Reactor): Pipes {
  const buffer = bytes(VIEW_BYTES);
  const large = new Set<number>();
  /** Made when it is needed. There is room for it: the last descriptors go to no service. */
  let glass: Glass | null = null;
  return {
    open: () => openPipe(large),
    close: (fd) => {
      large.delete(fd);
      reactor.unwatch(fd);
      libc.close(fd);
    },
    watch: (fd, chunk, end) => watchPipe({ reactor, buffer, fd, chunk, end }),
    keep: (fd, keeper) => {
      glass ??= grind(buffer);
      return keepPipe({ reactor, glass, fd, keeper });
    },
    past: pastOf,
  };
}

function grind(buffer: Glass["buffer"]): Glass {
  const { read, write } = pair();
  libc.fcntl(read, F_SETPIPE_SZ, VIEW_BYTES);
  return { into: write, outOf: read, buffer };
}

function openPipe(large: Set<number>): Readonly<{ read: number; write: number }> {
  const { read, write } = pair();
  if (!hasRoomBeside(read)) {
    for (const fd of [read, write]) libc.close(fd);
    throw failure(EMFILE);
  }
  // Only the read end: the writer is a service, which expects a pipe that blocks.
  libc.fcntl(read, F_SETFL, O_NONBLOCK | FRESH);
  const mayBeLarge = process.geteuid?.() === 0 || large.size < MOST_LARGE;
  if (mayBeLarge && libc.fcntl(read, F_SETPIPE_SZ, LARGE_BYTES) >= 0) large.add(read);
  // A smaller pipe does too, so a refusal (the user's quota of pipe pages) is no fault.
  else libc.fcntl(read, F_SETPIPE_SZ, CAPACITY_BYTES);
  return { read, write };
}

function pair(): Readonly<{ read: number; write: number }> {
  const ends = bytes(8);
  if (libc.pipe2(ends, O_CLOEXEC) < 0) throw failure(errno());
  const view = new DataView(ends.buffer);
  return { read: view.getInt32(0, true), write: view.getInt32(4, true) };
}

function failure(code: number): Error {
  return Object.assign(new Error(`pipe: ${errnoText(code)}`), { code: errnoName(code) });
}

type Watched = Readonly<{
  reactor: Reactor;
  buffer: Uint8Array;
  fd: number;
  chunk: (bytes: Uint8Array) => void;
  end: () => void;
}>;

function watchPipe({ reactor, buffer, fd, chunk, end }: Watched): PipeWatch {
  let over = false;

  const stop = (): void => {
    over = true;
    reactor.unwatch(fd);
  };

  /** Returns how many bytes came; 0 when there is no more for now. */
  const readOnce = (): number => {
    if (over) return 0;
    const size = libc.read(fd, buffer, buffer.length);
    if (size > 0) chunk(buffer.subarray(0, size));
    else if (size === 0) {
      stop();
      end();
    }
    return Math.max(0, size);
  };

  const pump = (): void => {
    // Whatever is in the pipe now fits its capacity; a writer that goes on cannot hold us longer.
    const most = libc.fcntl(fd, F_GETPIPE_SZ, 0);
    for (let got = 0; !over; ) {
      const size = readOnce();
      got += size;
      if (size === 0 || got > most) return;
    }
  };

  reactor.watch(fd, readOnce);
  return { pump, stop };
}
