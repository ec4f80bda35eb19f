import { bytes, functionAddress, libc } from "./libc.ts";
import type { Reactor } from "./reactor.ts";

/** SIGRTMIN+3, as glibc counts. Source: systemd(1), "SIGRTMIN+3: halts the machine"; what `docker stop` sends where an image says so. */
const HALT = 37;
const F_GETFD = 1;
const O_CLOEXEC = 0o2000000;
const O_NONBLOCK = 0o4000;
const SA_SIGINFO = 4;
const SA_ONSTACK = 0x08000000;
const SA_RESTART = 0x10000000;
const SIG_IGN = 1;
/** `struct sigaction` as glibc has it: the handler, a mask of 128 bytes, the flags. */
const ACTION_SIZE_BYTES = 152;
const FLAGS_AT = 136;

/** `close` gives the descriptors back; the signal is ignored from then on, since its default action would end the process. */
export type HaltSignal = Readonly<{ close(): void }>;

/**
 * Calls `heard` for each SIGRTMIN+3. Null: descriptor 37 is taken, so that it cannot be heard.
 *
 * Why so: neither runtime hears real-time signals, and a handler in JavaScript may not run wherever a signal comes in. But
 * `eventfd_write(fd, value)` is fit to be a handler: it is called with the signal's number as the descriptor, does one
 * write(2), and returns. So the writing end of a pipe is given the number of the signal.
 */
export function hearHalt(reactor: Reactor, heard: () => void): HaltSignal | null {
  if (libc.fcntl(HALT, F_GETFD, 0) >= 0) return null;
  const ends = bytes(8);
  if (libc.pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) return null;
  const view = new DataView(ends.buffer);
  const [reading, writing] = [view.getInt32(0, true), view.getInt32(4, true)];
  libc.dup3(writing, HALT, O_CLOEXEC);
  libc.close(writing);
  handle(functionAddress("eventfd_write"), SA_SIGINFO | SA_RESTART | SA_ONSTACK);
  const said = bytes(64);
  reactor.watch(reading, () => {
    if (libc.read(reading, said, said.length) > 0) heard();
  });
  return {
    close() {
      handle(SIG_IGN, 0);
      reactor.unwatch(reading);
      libc.close(reading);
      libc.close(HALT);
    },
  };
}

function handle(handler: number, flags: number): void {
  const action = bytes(ACTION_SIZE_BYTES);
  const view = new DataView(action.buffer);
  view.setBigUint64(0, BigInt(handler), true);
  view.setInt32(FLAGS_AT, flags, true);
  libc.sigaction(HALT, action, null);
}
