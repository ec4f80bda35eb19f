import type { Pipes, PipeWatch } from "../output/pipes.ts";
import { bytes, errno, errnoName, errnoText, libc } from "./libc.ts";
import type { Reactor } from "./reactor.ts";
import { hasRoomBeside } from "./room.ts";

const F_SETFL = 4;
const F_SETPIPE_SZ = 1031;
const F_GETPIPE_SZ = 1032;
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;
const EMFILE = 24;
/** Four times the kernel's default: fewer wake-ups. 64 such pipes fit into what one unprivileged user may pin. */
const CAPACITY_BYTES = 256 * 1024;

/** Real pipes, read by the reactor. One buffer serves all of them: its bytes are valid only during `chunk`. */
export function createPipes(reactor: Reactor): Pipes {
  const buffer = bytes(CAPACITY_BYTES);
  return {
    open,
    close: (fd) => {
      reactor.unwatch(fd);
      libc.close(fd);
    },
    watch: (fd, chunk, end) => watchPipe({ reactor, buffer, fd, chunk, end }),
  };
}

function open(): Readonly<{ read: number; write: number }> {
  const pair = bytes(8);
  if (libc.pipe2(pair, O_CLOEXEC) < 0) throw failure(errno());
  const view = new DataView(pair.buffer);
  const [read, write] = [view.getInt32(0, true), view.getInt32(4, true)];
  if (!hasRoomBeside(read)) {
    for (const fd of [read, write]) libc.close(fd);
    throw failure(EMFILE);
  }
  // Only the read end: the writer is a service, which expects a pipe that blocks.
  libc.fcntl(read, F_SETFL, O_NONBLOCK);
  // A smaller pipe does too, so a refusal (the user's quota of pipe pages) is no fault.
  libc.fcntl(read, F_SETPIPE_SZ, CAPACITY_BYTES);
  return { read, write };
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
