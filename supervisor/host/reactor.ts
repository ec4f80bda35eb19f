import process from "node:process";
import { bytes, cInt, errno, errnoText, libc } from "./libc.ts";

const F_SETFL = 4;
const F_SETOWN = 8;
const O_NONBLOCK = 0o4000;
const O_ASYNC = 0o20000;
const O_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLLIN = 1;
/** `struct epoll_event` is packed on x86-64 alone. */
const EVENT_SIZE_BYTES = process.arch === "x64" ? 12 : 16;
const EVENT_DATA_AT = EVENT_SIZE_BYTES - 8;
const SIG_SETMASK = 2;
const SIGNAL_SET_BYTES = 128;
const MOST_EVENTS = 512;
/** Enough for every descriptor to be read empty: one call reads as much as a pipe holds. */
const ROUNDS_PER_TURN = 4;

/**
 * Tells when descriptors become readable, without a thread and without polling.
 *
 * A watched descriptor becomes non-blocking. `onReadable` reads a bounded amount and returns: what is left is told again
 * in a later round, after the timers and the other descriptors had theirs, so that a flood starves nobody.
 * Why: see docs/adr/0001-one-reactor-on-signals.md.
 */
export interface Reactor {
  watch(fd: number, onReadable: () => void): void;
  /** Must come before the descriptor is closed. Unknown descriptors are no fault. */
  unwatch(fd: number): void;
  /** Dispatches what is ready now, before it returns. Bound: four rounds, so a writer that never stops cannot hold it. */
  turn(): void;
  /** Gives the signal back. Every descriptor must have been unwatched before: SIGIO's default action ends the process. */
  close(): void;
}

export function createReactor(): Reactor {
  return new SignalReactor();
}

class SignalReactor implements Reactor {
  readonly #set = libc.epoll_create1(O_CLOEXEC);
  readonly #events = bytes(EVENT_SIZE_BYTES * MOST_EVENTS);
  readonly #view = new DataView(this.#events.buffer);
  readonly #watched = new Map<number, () => void>();
  readonly #onSignal = (): void => {
    if (!this.#scheduled) this.#round();
  };
  #scheduled = false;
  #closed = false;

  constructor() {
    // Whoever started us may have blocked signals; this thread at least has to hear them.
    libc.pthread_sigmask(SIG_SETMASK, bytes(SIGNAL_SET_BYTES), null);
    if (this.#set < 0) throw new Error(`epoll_create1: ${errnoText(errno())}`);
    process.on("SIGIO", this.#onSignal);
  }

  watch(fd: number, onReadable: () => void): void {
    this.#watched.set(fd, onReadable);
    libc.fcntl(fd, F_SETOWN, process.pid);
    libc.fcntl(fd, F_SETFL, O_NONBLOCK | O_ASYNC);
    libc.epoll_ctl(this.#set, EPOLL_CTL_ADD, fd, readEvent(fd));
    // What came before the descriptor was watched raised no signal.
    this.#schedule();
  }

  unwatch(fd: number): void {
    if (!this.#watched.delete(fd)) return;
    libc.epoll_ctl(this.#set, EPOLL_CTL_DEL, fd, readEvent(fd));
    libc.fcntl(fd, F_SETFL, O_NONBLOCK);
  }

  turn(): void {
    for (let i = 0; i < ROUNDS_PER_TURN && this.#round() > 0; i++);
  }

  close(): void {
    process.off("SIGIO", this.#onSignal);
    libc.close(this.#set);
    this.#closed = true;
  }

  /** Gives every ready descriptor one call. Returns how many were ready. */
  #round(): number {
    const count = libc.epoll_wait(this.#set, this.#events, MOST_EVENTS, 0);
    if (count <= 0) return 0;
    // Before the callbacks: should one of them throw, the others are still heard in the next round.
    this.#schedule();
    const ready: number[] = [];
    for (let i = 0; i < count; i++) ready.push(this.#view.getInt32(i * EVENT_SIZE_BYTES + EVENT_DATA_AT, true));
    for (const fd of ready) this.#watched.get(fd)?.();
    return count;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (!this.#closed) this.#round();
    });
  }
}

function readEvent(fd: number): Uint8Array {
  const event = bytes(EVENT_SIZE_BYTES);
  event.set(cInt(EPOLLIN), 0);
  event.set(cInt(fd), EVENT_DATA_AT);
  return event;
}
