import { setTimeout as sleep } from "node:timers/promises";

/** The connections of a server at one moment. */
export type Census = Readonly<{
  open: number;
  /** Requests known to be in flight. */
  busy: number;
  /** Connections that we have closed and their clients have not: waited for a moment, so that no last word is lost to a reset. */
  leaving: number;
  /** How long the connection that moved last has been quiet. Infinity when none is open or nothing is known. */
  quietMs: number;
}>;

/** A server in the hands of the drain. */
export interface Drainable {
  /** Takes no new connection, and cuts none. */
  stopAccepting(): void;
  /**
   * Says `Connection: close` in every response from now on.
   * WebSockets are told to come again, each at a moment of its own within `spreadMs`.
   */
  startClosing(spreadMs: number): void;
  /** So many connections are still open, by the last look: what is left of the spread is to be enough for them. */
  remain(count: number): void;
  census(): Promise<Census>;
  /** The same at one moment, while nothing else happens: for the last look before `finish`. */
  censusNow(): Census;
  /** Closes what is idle and resolves when nothing is in flight any more. */
  finish(): Promise<void>;
}

export type DrainLimits = Readonly<{ idleMs: number; drainMs: number; spreadMs: number }>;

/** Between two looks; also the time a connection that was being accepted has to come to light. */
const LOOK_MS = 20;

/** A look at many connections takes long: then there are fewer of them. */
const LOOK_SHARE = 20;
const MOST_LOOK_MS = 100;

/**
 * Ends a server without failing a request, and says how many connections had to be cut at `drainMs`.
 *
 * A client that holds an idle connection may be sending on it at this moment. So nothing idle is closed before it was
 * quiet for `idleMs` since the drain began; whoever sends until then is answered, with `Connection: close`.
 * When everything that is still open was quiet for that long, all of it may go at once: no book is kept of connections.
 */
export async function drain(server: Drainable, { idleMs, drainMs, spreadMs }: DrainLimits): Promise<number> {
  const beganMs = performance.now();
  let busyMs = beganMs;
  server.stopAccepting();
  server.startClosing(spreadMs);
  const isOver = ({ open, busy, leaving, quietMs }: Census): boolean => {
    const nowMs = performance.now();
    if (busy > 0) busyMs = nowMs;
    const graceMs = Math.min(nowMs - (quietMs === Number.POSITIVE_INFINITY ? busyMs : beganMs), quietMs);
    return busy + leaving === 0 && (open === 0 || graceMs >= idleMs);
  };
  for (let pauseMs = LOOK_MS; ; ) {
    await sleep(pauseMs);
    const lookMs = performance.now();
    const census = await server.census();
    server.remain(census.open);
    // What was seen in slices, and before others had their turn, is not what is: who has come meanwhile must not be cut.
    if (isOver(census) && isOver(server.censusNow())) break;
    const nowMs = performance.now();
    if (nowMs - beganMs >= drainMs) return Math.max(census.open, census.busy);
    pauseMs = Math.min(MOST_LOOK_MS, Math.max(LOOK_MS, (nowMs - lookMs) * LOOK_SHARE));
  }
  const restMs = drainMs - (performance.now() - beganMs);
  return (await isSettledWithin(server.finish(), restMs)) ? 0 : Math.max(1, server.censusNow().open);
}

async function isSettledWithin(work: Promise<void>, limitMs: number): Promise<boolean> {
  const abort = new AbortController();
  const late = sleep(Math.max(0, limitMs), false, { signal: abort.signal }).catch(() => false);
  const inTime = await Promise.race([work.then(() => true), late]);
  abort.abort();
  return inTime;
}
