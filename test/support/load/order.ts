/**
 * What a load does.
 * Shape: `{ address: "127.0.0.1:8080", path: "/echo", keepAlive: 32, oneShot: 32 }`; the address may be `[::1]:8080` or `/run/api.sock`.
 * Every request is `METHOD PATH?n=NUMBER` and must be answered 200 with JSON that holds the same `n`; `generation` in it names
 * who answered. The numbers are 1, 2, 3, … over all connections; a POST has `{"n":NUMBER}` as its body, too.
 * Units: milliseconds.
 */
export type LoadOrder = Readonly<{
  address: string;
  path: string;
  method: "GET" | "POST";
  /** Connections that ask again and again until they are told to close. */
  keepAlive: number;
  /** Loops that open a connection for each request. */
  oneShot: number;
  /** The pause of a connection between an answer and its next request. */
  thinkMs: number;
  /** Whether each pause is drawn anew from 0 to `thinkMs` instead. */
  thinkEvenly: boolean;
  /**
   * How long it takes to learn that the server closed an idle connection: the round trip of a network. Who asks within that
   * time has sent into a closed connection, and fails.
   */
  blindMs: number;
  /** A request without its whole answer after this long is a timeout. */
  limitMs: number;
  /** A stop waits until each loop has seen this many fates. */
  leastPerLoop: number;
  /** Further loops on `/slow?ms=`, so that a slow answer is always on its way. */
  slow: Readonly<{ loops: number; ms: number }> | null;
}>;
