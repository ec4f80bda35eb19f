import type { KeptPipe, PipeKeeper, PipePast } from "../output/pipes.ts";
import { bytes, cString, errno, libc } from "./libc.ts";
import type { Reactor } from "./reactor.ts";

const F_GETFL = 3;
const F_SETFL = 4;
const F_GETPIPE_SZ = 1032;
const FIONREAD = 0x541b;
const O_WRONLY = 1;
const O_APPEND = 0o2000;
const O_NONBLOCK = 0o4000;
const O_NOATIME = 0o1000000;
const O_CLOEXEC = 0o2000000;
const SPLICE_F_NONBLOCK = 2;
const POLLOUT = 4;
const POLLHUP = 16;
const EINTR = 4;
const EBADF = 9;
const EINVAL = 22;

/**
 * Two flags of the read end that mean nothing to a pipe. They belong to the open pipe and not to this process, so that
 * whoever holds it over our death hands them on. Neither is there while bytes are being kept.
 */
const SETTLED = O_APPEND;
const MID_LINE = O_NOATIME;
const UNSETTLED = 0;

/** What it takes to look into pipes without reading them empty: one side pipe for all, which is empty between two looks. */
export type Glass = Readonly<{ into: number; outOf: number; buffer: Uint8Array<ArrayBuffer> }>;

/** What is to be said of a fresh pipe, of which nothing was taken yet. */
export const FRESH = SETTLED;

export function pastOf(fd: number): PipePast {
  const flags = libc.fcntl(fd, F_GETFL, 0);
  const isSettled = flags >= 0 && (flags & SETTLED) > 0;
  return { isSettled, isMidLine: isSettled && (flags & MID_LINE) > 0, isFull: isFull(fd) };
}

/** Shows a keeper what stands in a pipe, a view at a time, and consumes what it has kept. */
export function keepPipe(options: KeptOptions): KeptPipe {
  return new Kept(options);
}

export type KeptOptions = Readonly<{ reactor: Reactor; glass: Glass; fd: number; keeper: PipeKeeper }>;

class Kept implements KeptPipe {
  readonly #options: KeptOptions;
  #isOver = false;

  constructor(options: KeptOptions) {
    const { fd, reactor } = options;
    this.#options = options;
    reactor.watchAbove(fd, () => this.#look(false));
  }

  look(): void {
    this.#look(false);
  }

  drain(): void {
    const { fd, glass } = this.#options;
    // Whatever is in the pipe now fits its capacity; a writer that goes on cannot hold us longer.
    let roomBytes = libc.fcntl(fd, F_GETPIPE_SZ, 0);
    while (!this.#isOver && roomBytes >= 0) {
      const availableBytes = available(fd);
      this.#look(availableBytes <= glass.buffer.length);
      if (availableBytes === 0) return;
      roomBytes -= Math.min(availableBytes, glass.buffer.length);
    }
  }

  skip(expected: Uint8Array): boolean {
    const { fd } = this.#options;
    // They would all be there: they leave it together.
    if (expected.length === 0 || available(fd) < expected.length) return false;
    for (let at = 0; at < expected.length; ) {
      const view = this.#see().subarray(0, expected.length - at);
      if (view.length === 0 || Buffer.compare(view, expected.subarray(at, at + view.length)) !== 0) return at > 0;
      at += view.length;
      this.#consume(view.length);
    }
    return true;
  }

  settle(isMidLine: boolean): void {
    if (!this.#isOver) this.#say(isMidLine ? SETTLED | MID_LINE : SETTLED);
  }

  stop(): void {
    this.#isOver = true;
    this.#options.reactor.unwatch(this.#options.fd);
  }

  /** Returns how many bytes it has left in the pipe on purpose. */
  #look(takesAll: boolean): number {
    if (this.#isOver) return 0;
    const { fd, keeper } = this.#options;
    const availableBytes = available(fd);
    const view = this.#see();
    if (view.length === 0) return 0;
    const size = takesAll ? view.length : this.#cut(view, availableBytes);
    if (size === 0) return view.length;
    const isMidLine = view[size - 1] !== NEWLINE;
    const left = view.length - size;
    this.#say(UNSETTLED);
    keeper.take(view.subarray(0, size));
    this.#consume(size);
    this.settle(isMidLine);
    return left;
  }

  #cut(view: Uint8Array, availableBytes: number): number {
    const { fd, keeper } = this.#options;
    const size = keeper.cut(view, false);
    if (size === view.length) return size;
    // Nobody will end the last line: it is the whole rest, unless there is more than this view shows.
    if (isHungUp(fd) && available(fd) === view.length) return view.length;
    if (size > 0) return size;
    // Slots may be used up by few bytes, those of the pipe or those of the glass.
    return view.length < availableBytes || isFull(fd) ? keeper.cut(view, true) : 0;
  }

  /** Copies what stands at the head of the pipe. Empty: nothing is there now, or for ever. */
  #see(): Uint8Array {
    const { fd, glass } = this.#options;
    const size = libc.tee(fd, glass.into, glass.buffer.length, SPLICE_F_NONBLOCK);
    if (size === 0 || (size < 0 && BROKEN.has(errno()))) this.#end();
    let seen = 0;
    while (seen < size) {
      const read = libc.read(glass.outOf, glass.buffer.subarray(seen), size - seen);
      if (read > 0) seen += read;
      else if (errno() !== EINTR) break;
    }
    return glass.buffer.subarray(0, seen);
  }

  /**
   * Why not splice(2) to nowhere, which copies nothing: a signal that ends us stops it half-way, and the rest would be
   * taken once more. A read(2) of what is there is not interrupted.
   */
  #consume(size: number): void {
    const { fd, glass } = this.#options;
    for (let left = size; left > 0; ) {
      const read = libc.read(fd, glass.buffer, left);
      if (read > 0) left -= read;
      else if (read === 0 || errno() !== EINTR) return;
    }
  }

  #say(flags: number): void {
    const { fd } = this.#options;
    // Those that have to do with reading are the reactor's, which changes them.
    const others = libc.fcntl(fd, F_GETFL, 0) & ~(SETTLED | MID_LINE);
    libc.fcntl(fd, F_SETFL, others | flags);
  }

  #end(): void {
    this.stop();
    this.#options.keeper.end();
  }
}

const NEWLINE = 10;
/** It is no pipe. */
const BROKEN: ReadonlySet<number> = new Set([EBADF, EINVAL]);

const count = bytes(4);
const countView = new DataView(count.buffer);
const polled = bytes(8);
const polledView = new DataView(polled.buffer);

function available(fd: number): number {
  return libc.ioctl(fd, FIONREAD, count) < 0 ? 0 : countView.getInt32(0, true);
}

function isHungUp(fd: number): boolean {
  return (events(fd, 0) & POLLHUP) > 0;
}

/** Whether a write of a page would wait. Only the other end knows: a pipe has slots, and a few bytes may take one. */
function isFull(fd: number): boolean {
  const writeEnd = libc.open(cString(`/proc/self/fd/${fd}`), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
  // Without descriptors or /proc: plain writes leave no more than half of the slots' room unused.
  if (writeEnd < 0) return available(fd) * 4 > libc.fcntl(fd, F_GETPIPE_SZ, 0);
  const isWritable = (events(writeEnd, POLLOUT) & POLLOUT) > 0;
  libc.close(writeEnd);
  return !isWritable;
}

function events(fd: number, wanted: number): number {
  polledView.setInt32(0, fd, true);
  polledView.setInt16(4, wanted, true);
  polledView.setInt16(6, 0, true);
  libc.poll(polled, 1, 0);
  return polledView.getInt16(6, true);
}
