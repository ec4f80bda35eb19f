import type { Socket } from "node:net";
import { setTimeout } from "node:timers";

/** How many there are at most. A descriptor each: the rest is for services. */
const MOST_CALLERS = 256;
/** How many there are for a moment: of those who come all at once everybody is accepted before anybody is read. */
const MOST_AT_ONCE = 512;
const MOMENT_MS = 50;
/** How long one may ask nothing, or take to ask. Units: milliseconds. */
const SILENCE_MS = 10_000;
const LOOK_MS = 1000;

/** `silentSince`: null while it waits for an answer, which may take as long as it likes. */
type Call = { isAsking: boolean; silentSince: number | null };

/**
 * Everybody who has a connection to a server, so that nobody can hold it up by being many, by saying nothing, or by saying it
 * slowly. Who comes when all places are taken gets that of the one who has been silent longest, or else has been here longest:
 * the newest is heard.
 */
export class Callers {
  /** In the order in which they came, or asked last. */
  readonly #calls = new Map<Socket, Call>();
  readonly #emptied: (() => void)[] = [];
  #timer: ReturnType<typeof setTimeout> | null = null;
  #thinning: ReturnType<typeof setTimeout> | null = null;
  #isOver = false;
  #count = 0;

  /** How many have come so far. */
  get count(): number {
    return this.#count;
  }

  enter(socket: Socket): void {
    this.#count++;
    if (this.#calls.size >= MOST_AT_ONCE) this.#dismiss(this.#leastMissed());
    this.#calls.set(socket, { isAsking: false, silentSince: performance.now() });
    if (this.#calls.size > MOST_CALLERS) this.#thinSoon();
    socket.on("close", () => this.#leave(socket));
    // A close follows.
    socket.on("error", () => undefined);
    this.#lookLater();
  }

  /**
   * The head of a question has come. False: it has asked before it had the last answer, and is gone. Why: nobody needs that,
   * and of one connection's questions there would be no end.
   */
  asks(socket: Socket): boolean {
    const call = this.#calls.get(socket);
    if (!call || call.isAsking) {
      this.#dismiss(socket);
      return false;
    }
    call.isAsking = true;
    return true;
  }

  /** All of the question has come. */
  hasAsked(socket: Socket): void {
    const call = this.#calls.get(socket);
    if (!call?.isAsking) return;
    call.silentSince = null;
    this.#calls.delete(socket);
    this.#calls.set(socket, call);
  }

  answered(socket: Socket): void {
    const call = this.#calls.get(socket);
    if (!call) return;
    call.isAsking = false;
    call.silentSince = performance.now();
    if (this.#isOver) socket.end();
  }

  /** Lets nobody ask any more; resolves when everybody has had an answer and is gone. */
  finish(): Promise<void> {
    this.#isOver = true;
    for (const [socket, { isAsking }] of [...this.#calls]) if (!isAsking) socket.destroy();
    return new Promise((resolve) => {
      this.#emptied.push(resolve);
      this.#tellEmpty();
    });
  }

  close(): Promise<void> {
    const gone = this.finish();
    for (const socket of [...this.#calls.keys()]) socket.destroy();
    return gone;
  }

  #leave(socket: Socket): void {
    this.#calls.delete(socket);
    this.#tellEmpty();
  }

  /** It counts no longer, although its close comes later. */
  #dismiss(socket: Socket | undefined): void {
    if (!socket) return;
    socket.destroy();
    this.#leave(socket);
  }

  #tellEmpty(): void {
    if (this.#calls.size > 0) return;
    for (const tell of this.#emptied.splice(0)) tell();
  }

  #thinSoon(): void {
    this.#thinning ??= setTimeout(() => {
      this.#thinning = null;
      while (this.#calls.size > MOST_CALLERS) this.#dismiss(this.#leastMissed());
    }, MOMENT_MS).unref();
  }

  #leastMissed(): Socket | undefined {
    const [first] = this.#calls.keys();
    const silent = [...this.#calls].find(([, { silentSince }]) => silentSince !== null);
    return silent?.[0] ?? first;
  }

  /** Only while there is somebody. */
  #lookLater(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      const since = performance.now() - SILENCE_MS;
      for (const [socket, { silentSince }] of [...this.#calls]) {
        if (silentSince !== null && silentSince < since) socket.destroy();
      }
      if (this.#calls.size > 0) this.#lookLater();
    }, LOOK_MS).unref();
  }
}
