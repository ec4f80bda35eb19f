/**
 * What a load does.
 * Shape: `{ address: "127.0.0.1:8080", path: "/echo", keepAlive: 32, oneShot: 32 }`; the address may be `[::1]:8080` or `/run/api.sock`.
 * Every request is `GET PATH?n=NUMBER` and must be answered 200 with JSON that holds the same `n`; `generation` in it names who answered.
 * Units: milliseconds. `thinkMs`: the pause of a connection between an answer and its next request.
 */
export type LoadOrder = Readonly<{
  address: string;
  path: string;
  /** Connections that ask again and again until they are told to close. */
  keepAlive: number;
  /** Loops that open a connection for each request. */
  oneShot: number;
  thinkMs: number;
  /** A request without its whole answer after this long is a timeout. */
  limitMs: number;
  /** A stop waits until each loop has seen this many fates. */
  leastPerLoop: number;
  /** Further loops on `/slow?ms=`, so that a slow answer is always on its way. */
  slow: Readonly<{ loops: number; ms: number }> | null;
}>;
