import process from "node:process";
import { isQuiet, isTooOften, Looking, noTellings, type Tellings } from "./busy.ts";
import { bytes, cInt, errno, errnoText, libc } from "./libc.ts";

const F_GETFL = 3;
const F_SETFL = 4;
const F_SETOWN = 8;
const O_NONBLOCK = 0o4000;
const O_ASYNC = 0o20000;
const O_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLLIN = 1;
const EPOLLET = 1 << 31;
const FIONREAD = 0x541b;
/** `struct epoll_event` is packed on x86-64 alone. */
const EVENT_SIZE_BYTES = process.arch === "x64" ? 12 : 16;
const EVENT_DATA_AT = EVENT_SIZE_BYTES - 8;
const SIG_SETMASK = 2;
const SIGNAL_SET_BYTES = 128;
const MOST_EVENTS = 512;
/** Enough for every descriptor to be read empty: one call reads half of what the largest pipe holds. */
const ROUNDS_PER_TURN = 4;
/** So much in a pipe is read at once, though it is only looked at now and then. */
const MUCH_BYTES = 128 * 1024;

/**
 * Tells when descriptors become readable, without a thread and without polling.
 *
 * A watched descriptor becomes non-blocking. `onReadable` reads a bounded amount and returns: what is left is told again
 * in a later round, after the timers and the other descriptors had theirs, so that a flood starves nobody. One that is written
 * to all the time, a line at a time, is looked at every two milliseconds instead, as network drivers do: a signal for each line costs
 * more than the line.
 * Why: see docs/adr/0001-one-reactor-on-signals.md.
 */
export interface Reactor {
  watch(fd: number, onReadable: () => void): void;
  /**
   * For a reader that leaves some of the bytes where they are: `look` answers with how many, and is called again once
   * there are more than that, or when the other side was closed.
   */
  watchAbove(fd: number, look: () => number): void;
  /** Must come before the descriptor is closed. Unknown descriptors are no fault. */
  unwatch(fd: number): void;
  /** Dispatches what is ready now, before it returns. Bound: four rounds, so a writer that never stops cannot hold it. */
  turn(): void;
  /** Called after each round. For what the runtime is late with while rounds follow each other: on Deno a signal waits for 61 of them. */
  afterRounds(call: () => void): void;
  /** Watches nothing any more, and gives the signal back, whose default action ends the process. */
  close(): void;
}

export function createReactor(): Reactor {
  return new SignalReactor();
}

class SignalReactor implements Reactor {
  readonly #set = libc.epoll_create1(O_CLOEXEC);
  readonly #events = bytes(EVENT_SIZE_BYTES * MOST_EVENTS);
  readonly #view = new DataView(this.#events.buffer);
  readonly #watched = new Map<number, Watched>();
  /** Those to be called in the next round, whatever the kernel tells: it tells of an edge once. */
  readonly #again = new Set<number>();
  /** Those with bytes that were left. */
  readonly #holding = new Set<number>();
  /** Those that raise no signal for now, since they are looked at. */
  readonly #busy = new Set<number>();
  readonly #looking = new Looking(() => this.#lookAtBusy());
  readonly #available = bytes(4);
  readonly #availableView = new DataView(this.#available.buffer);
  readonly #onSignal = (): void => {
    if (!this.#scheduled) this.#round();
  };
  #afterRound: () => void = () => undefined;
  #scheduled = false;
  #closed = false;

  constructor() {
    if (this.#set < 0) throw new Error(`epoll_create1: ${errnoText(errno())}`);
    process.on("SIGIO", this.#onSignal);
    // Whoever started us may have blocked signals; this thread at least has to hear them, those that wait as well.
    libc.pthread_sigmask(SIG_SETMASK, bytes(SIGNAL_SET_BYTES), null);
  }

  watch(fd: number, onReadable: () => void): void {
    const call = (): number => {
      onReadable();
      return 0;
    };
    this.#begin(fd, { call, isAbove: false, leftBytes: 0, tellings: noTellings() });
  }

  watchAbove(fd: number, look: () => number): void {
    this.#begin(fd, { call: look, isAbove: true, leftBytes: 0, tellings: noTellings() });
  }

  unwatch(fd: number): void {
    if (!this.#watched.delete(fd)) return;
    this.#again.delete(fd);
    this.#holding.delete(fd);
    this.#busy.delete(fd);
    libc.epoll_ctl(this.#set, EPOLL_CTL_DEL, fd, readEvent(fd, false));
    libc.fcntl(fd, F_SETFL, libc.fcntl(fd, F_GETFL, 0) & ~O_ASYNC);
  }

  turn(): void {
    for (let i = 0; i < ROUNDS_PER_TURN && this.#round() > 0; i++);
  }

  afterRounds(call: () => void): void {
    this.#afterRound = call;
  }

  close(): void {
    for (const fd of this.#watched.keys()) this.unwatch(fd);
    process.off("SIGIO", this.#onSignal);
    this.#looking.end();
    libc.close(this.#set);
    this.#closed = true;
  }

  #begin(fd: number, watched: Watched): void {
    this.#watched.set(fd, watched);
    libc.fcntl(fd, F_SETOWN, process.pid);
    libc.fcntl(fd, F_SETFL, libc.fcntl(fd, F_GETFL, 0) | O_NONBLOCK | O_ASYNC);
    libc.epoll_ctl(this.#set, EPOLL_CTL_ADD, fd, readEvent(fd, watched.isAbove));
    // What came before the descriptor was watched raised no signal.
    this.#schedule();
  }

  /** Gives every ready descriptor one call. Returns how many were ready. */
  #round(): number {
    const count = libc.epoll_wait(this.#set, this.#events, MOST_EVENTS, 0);
    const ready = new Set(this.#again);
    for (let i = 0; i < count; i++) {
      const fd = this.#view.getInt32(i * EVENT_SIZE_BYTES + EVENT_DATA_AT, true);
      if (!this.#busy.has(fd)) ready.add(fd);
    }
    // A write that fills up a pipe with something in it, and waits for room, is no edge to epoll. It does raise the signal.
    for (const fd of this.#holding) if (!this.#busy.has(fd) && this.#moreIn(fd) > 0) ready.add(fd);
    if (ready.size === 0) return 0;
    // Before the callbacks: should one of them throw, the others are still heard in the next round.
    this.#schedule();
    for (const fd of ready) if (this.#watched.get(fd)?.isAbove) this.#again.add(fd);
    for (const fd of ready) this.#tell(fd);
    this.#afterRound();
    return ready.size;
  }

  #tell(fd: number): void {
    const watched = this.#watched.get(fd);
    const leftBytes = watched?.call() ?? 0;
    // Not when it was unwatched meanwhile, and perhaps is another's by now.
    if (!watched?.isAbove || this.#watched.get(fd) !== watched) return;
    watched.leftBytes = leftBytes;
    if (leftBytes > 0) this.#holding.add(fd);
    else this.#holding.delete(fd);
    if (!this.#busy.has(fd) && isTooOften(watched.tellings, performance.now())) this.#goBusy(fd);
    if (this.#moreIn(fd) <= (this.#busy.has(fd) ? MUCH_BYTES : 0)) this.#again.delete(fd);
  }

  /** How much there is beyond what was left. Units: bytes. */
  #moreIn(fd: number): number {
    if (libc.ioctl(fd, FIONREAD, this.#available) < 0) return 0;
    return this.#availableView.getInt32(0, true) - (this.#watched.get(fd)?.leftBytes ?? 0);
  }

  #goBusy(fd: number): void {
    this.#busy.add(fd);
    libc.fcntl(fd, F_SETFL, libc.fcntl(fd, F_GETFL, 0) & ~O_ASYNC);
    this.#looking.begin();
  }

  #lookAtBusy(): boolean {
    for (const fd of this.#busy) {
      const tellings = this.#watched.get(fd)?.tellings;
      const hasMore = this.#moreIn(fd) > 0;
      // One that is quiet has its turn, too: what came since the look raised no signal, and an end never did.
      if (tellings && isQuiet(tellings, hasMore)) this.#listen(fd);
      if (hasMore || !this.#busy.has(fd)) this.#again.add(fd);
    }
    if (this.#again.size > 0) this.#round();
    return this.#busy.size > 0;
  }

  #listen(fd: number): void {
    this.#busy.delete(fd);
    libc.fcntl(fd, F_SETFL, libc.fcntl(fd, F_GETFL, 0) | O_ASYNC);
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

/** `leftBytes`: how many it has left where they are at its last call. */
type Watched = { call: () => number; isAbove: boolean; leftBytes: number; readonly tellings: Tellings };

/** `isEdge`: what stands there unread is told once and not again and again. */
function readEvent(fd: number, isEdge: boolean): Uint8Array {
  const event = bytes(EVENT_SIZE_BYTES);
  event.set(cInt(isEdge ? EPOLLIN | EPOLLET : EPOLLIN), 0);
  event.set(cInt(fd), EVENT_DATA_AT);
  return event;
}
