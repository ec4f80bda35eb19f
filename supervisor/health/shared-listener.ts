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
  const { places, head } = order;
  for (let count = 0; !signal.aborted; count++) {
    const place = places[count % places.length] ?? places[0];
    const open = (): Socket => connect("path" in place ? place : { ...place, noDelay: true });
    const admit = (socket: Socket): Promise<boolean> => isOwn(socket, { ...order, place }, { signal, explain });
    const heard = await exchange({ opened: "connect", open, head, admit }, signal);
    if (heard.tag === "reply" || (heard.tag === "trouble" && heard.asked)) return heard;
    if (heard.tag === "trouble") explain(heard.detail);
    await pause(Math.min(AGAIN_MS * (count + 1), LONGEST_AGAIN_MS) * (1 + Math.random()), signal);
  }
  return { tag: "dropped" };
}

type Try = SharedOrder & Readonly<{ place: Place }>;

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
