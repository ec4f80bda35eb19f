import type { InvocationId } from "../core/facts.ts";
import type { Connection, FindAcceptor } from "../health/acceptor.ts";
import { descriptorInode, descriptorsOf } from "./descriptors.ts";
import { boundUnixSockets, tcpSocketBetween } from "./sock-diag.ts";

const LISTENING = 10;
/** So many descriptors are looked at before everybody else has a turn: a server may hold tens of thousands. */
const LOOKS_PER_TURN = 256;

/**
 * Makes the finder of those who accept a connection: is it a process of this invocation?
 * It asks the kernel for the socket at the other end and looks for its inode among the descriptors of the processes.
 * Why: several generations accept on one listener, and a connection does not say to which of them it went.
 */
export function createFindAcceptor(pidsOf: (invocation: InvocationId) => readonly number[]): FindAcceptor {
  return async (connection, invocation) => {
    const far = connection.tag === "tcp" ? tcpFarEnd(connection) : unixFarEnds(connection.path);
    if (typeof far === "string") return far;
    const missing = new Set(far);
    for (const pid of pidsOf(invocation)) {
      await strike(missing, pid);
      if (missing.size === 0) return "own";
    }
    return "other";
  };
}

type FarEnds = readonly number[] | "nobody" | "unknown";

function tcpFarEnd({ ours, theirs }: Extract<Connection, { tag: "tcp" }>): FarEnds {
  const found = tcpSocketBetween(theirs, ours);
  // Without such a connection the kernel names the listener, which belongs to all generations.
  if (found === null || found.state === LISTENING) return "unknown";
  return found.inode === 0 ? "nobody" : [found.inode];
}

/** A unix connection has no address of its own, so where several of ours are open to one path, all of them count. */
function unixFarEnds(path: string): FarEnds {
  const ours = new Set(descriptorsOf("self").flatMap((fd) => descriptorInode("self", fd) ?? []));
  const there = boundUnixSockets().filter(({ name }) => name === path);
  if (there.some(({ waiting }) => waiting.some((inode) => ours.has(inode)))) return "nobody";
  const accepted = there.filter(({ peer }) => ours.has(peer)).map(({ inode }) => inode);
  return accepted.length === 0 ? "unknown" : accepted;
}

/** Strikes out the sockets that a process has. */
async function strike(missing: Set<number>, pid: number): Promise<void> {
  const names = descriptorsOf(pid);
  for (let at = 0; at < names.length && missing.size > 0; at += LOOKS_PER_TURN) {
    if (at > 0) await new Promise((resolve) => setImmediate(resolve));
    for (const name of names.slice(at, at + LOOKS_PER_TURN)) {
      const inode = descriptorInode(pid, name);
      if (inode !== null) missing.delete(inode);
    }
  }
}
