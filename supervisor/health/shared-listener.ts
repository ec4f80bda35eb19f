import { connect, type Socket } from "node:net";
import type { InvocationId } from "../core/facts.ts";
import type { Connection, FindAcceptor } from "./acceptor.ts";
import { exchange, type Heard } from "./exchange.ts";
import type { Asking } from "./finding.ts";
import { pause } from "./pause.ts";
import type { Place } from "./place.ts";

/** Between two tries, each by chance up to twice as long: over a unix socket, questions that keep step with each other spoil each other's tries. */
const AGAIN_MS = 10;
/** Each try costs a look through processes and their descriptors. */
const LONGEST_AGAIN_MS = 40;
const LONGEST_LOOK_MS = 50;
/**
 * So many connections at a time, at most. Why several: of two generations that wait for the next connection, one and the same
 * may win every race for a single one; while it takes the first, the other gets the second. Over a unix socket all
 * connections of ours count as one, so there it stays at one at a time.
 */
const MOST_AT_ONCE = 8;

export type SharedOrder = Readonly<{
  invocation: InvocationId;
  /** Of the listener, for people. */
  address: string;
  places: readonly [Place, ...Place[]];
  head: string;
  findAcceptor: FindAcceptor;
}>;

/**
 * Sends a request over a listener that several lives share, until one of this life's processes has accepted it.
 * Only that one gets the request as a whole: whoever else accepts sees a connection that is closed again.
 * Why a part of the head goes out before: with TCP_DEFER_ACCEPT nobody accepts a connection on which nothing was sent.
 */
export async function askShared(order: SharedOrder, { signal, explain }: Asking): Promise<Heard> {
  const { places } = order;
  for (let count = 0; !signal.aborted; count++) {
    const place = places[count % places.length] ?? places[0];
    const width = "path" in place ? 1 : Math.min(2 ** count, MOST_AT_ONCE);
    const heard = await tryOnce({ ...order, place }, width, { signal, explain });
    if (isFinal(heard)) return heard;
    if (heard.tag === "trouble") explain(heard.detail);
    await pause(Math.min(AGAIN_MS * (count + 1), LONGEST_AGAIN_MS) * (1 + Math.random()), signal);
  }
  return { tag: "dropped" };
}

type Try = SharedOrder & Readonly<{ place: Place }>;

/** Opens so many connections, and asks over the first of them that one of ours has accepted; gives the last word of those that came to nothing. */
async function tryOnce(one: Try, width: number, { signal, explain }: Asking): Promise<Heard> {
  const { place, head } = one;
  const decided = new AbortController();
  const asking = { explain, signal: AbortSignal.any([signal, decided.signal]) };
  let isTaken = false;
  const open = (): Socket => connect("path" in place ? place : { ...place, noDelay: true });
  const admit = async (socket: Socket): Promise<boolean> => {
    if (!(await isOwn(socket, one, asking)) || isTaken) return false;
    isTaken = true;
    return true;
  };
  const calls = Array.from({ length: width }, async () => {
    const heard = await exchange({ opened: "connect", open, head, admit }, asking.signal);
    // Nobody else is admitted now, so whoever was is the one that counts.
    if (isFinal(heard)) decided.abort();
    return heard;
  });
  const heard = await Promise.all(calls);
  return heard.find(isFinal) ?? heard.findLast(({ tag }) => tag === "trouble") ?? { tag: "dropped" };
}

/** The whole request was sent: whatever came of it is the answer. */
function isFinal(heard: Heard): boolean {
  return heard.tag === "reply" || (heard.tag === "trouble" && heard.asked);
}

/** Waits until somebody has accepted, and tells whether it is one of ours. */
async function isOwn(socket: Socket, one: Try, { signal, explain }: Asking): Promise<boolean> {
  const connection = connectionOf(socket, one.place);
  for (let spanMs = 1; !signal.aborted && !socket.destroyed; spanMs = Math.min(spanMs * 2, LONGEST_LOOK_MS)) {
    const who = await one.findAcceptor(connection, one.invocation);
    if (who === "own") return true;
    if (who === "other") explain(`others answer on ${one.address}`);
    if (who === "unknown") explain(`nobody can tell who answers on ${one.address}`);
    if (who !== "nobody") return false;
    await pause(spanMs, signal);
  }
  return false;
}

function connectionOf(socket: Socket, place: Place): Connection {
  if ("path" in place) return { tag: "unix", path: place.path };
  const { localAddress = "", localPort = 0, remoteAddress = "", remotePort = 0 } = socket;
  return {
    tag: "tcp",
    ours: { host: localAddress, port: localPort },
    theirs: { host: remoteAddress, port: remotePort },
  };
}
