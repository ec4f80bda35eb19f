import type { InvocationId } from "../core/facts.ts";

export type End = Readonly<{ host: string; port: number }>;

/** A connection of ours to a listener on this machine. Unix: every one of ours to that path. */
export type Connection = Readonly<{ tag: "tcp"; ours: End; theirs: End } | { tag: "unix"; path: string }>;

/**
 * Who has the other end of a connection. `nobody`: it still waits to be accepted. `unknown`: the kernel does not tell, or it
 * is closed already.
 */
export type Acceptor = "own" | "other" | "nobody" | "unknown";

/** Tells whether a process of the invocation has accepted a connection of ours. Never rejects. */
export type FindAcceptor = (connection: Connection, invocation: InvocationId) => Promise<Acceptor>;
