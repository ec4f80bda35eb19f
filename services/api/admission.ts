import { setImmediate } from "node:timers";
import { type ConcurrencyLimit, createConcurrencyLimit } from "./concurrency-limit.ts";
import { createLoopTurn, type LoopEdge } from "./loop-turn.ts";
import { PROBLEM_TYPE, problemText } from "./problem.ts";

/** Stands before an app, and answers 503 itself where the app could only answer late. */
export interface Admission {
  guard(fetch: Fetch): Fetch;
  /** To be called when the body of a request has come whole. */
  arrived(request: Request): void;
  readonly figures: Readonly<Record<Lane, LaneFigures>>;
}

/** Reads and writes are told apart: a store that takes no writes may still answer. */
export type Lane = "read" | "write";

export type LaneFigures = Readonly<{ inHand: number; most: number; refused: number }>;

// biome-ignore lint/suspicious/noExplicitAny: each runtime passes something of its own beside the request, which goes on to the app.
type Fetch = (request: Request, ...rest: any[]) => Response | Promise<Response>;

type Ticket = { readonly limit: ConcurrencyLimit; enteredAtMs: number; isAside: boolean };

/** A body that takes longer to come is on a slow line, and takes nothing of ours meanwhile. */
const SLOW_UPLOAD_MS = 100;

const realEdge: LoopEdge = {
  now: () => performance.now(),
  atEnd: (over) => void setImmediate(over),
  later: (afterMs, then) => void setTimeout(then, afterMs),
};

/**
 * Refuses requests below `path` that would be answered later than about `shedOverMs` from when they come; all others pass.
 * Why before the app and not in it: whoever refuses two of three must do so for little. It costs a sixth of what a task costs on Bun and a
 * tenth on Deno; in the app it would be half as much again.
 */
export function createAdmission(path: string, shedOverMs: number, edge: LoopEdge = realEdge): Admission {
  // What comes while the loop is busy waits for that, and is done in its next turn.
  const targetMs = shedOverMs / 2;
  const turn = createLoopTurn(targetMs, edge);
  const limits = {
    read: createConcurrencyLimit(targetMs, edge.now),
    write: createConcurrencyLimit(targetMs, edge.now),
  };
  const refused = { read: 0, write: 0 };
  const coming = slowLine(edge.now);

  const guard =
    (fetch: Fetch): Fetch =>
    (request, ...rest) => {
      if (!isBelow(path, request.url)) return fetch(request, ...rest);
      const isRead = request.method === "GET" || request.method === "HEAD";
      const limit = isRead ? limits.read : limits.write;
      if (!turn.enter() || !limit.enter()) {
        refused[isRead ? "read" : "write"] += 1;
        const answer = refusal(refused.read + refused.write);
        return turn.refuse()?.then(() => answer) ?? answer;
      }
      const ticket: Ticket = { limit, enteredAtMs: turn.beganAtMs, isAside: false };
      const leave = (): void => {
        if (!isRead) coming.arrived(request);
        limit.leave(edge.now() - ticket.enteredAtMs);
      };
      if (!isRead) coming.add(request, ticket);
      const answer = fetch(request, ...rest);
      if (!(answer instanceof Promise)) {
        leave();
        return answer;
      }
      return answer.then(
        (response) => {
          leave();
          return response;
        },
        (error) => {
          leave();
          throw error;
        },
      );
    };

  const figuresOf = (lane: Lane): LaneFigures => {
    const { inHand, most } = limits[lane];
    return { inHand, most, refused: refused[lane] };
  };
  return {
    guard,
    arrived: coming.arrived,
    get figures() {
      return { read: figuresOf("read"), write: figuresOf("write") };
    },
  };
}

/** Shape: `http://127.0.0.1:8080/tasks/1?x=y`. Why not `new URL`: it costs as much as the whole refusal. */
function isBelow(path: string, url: string): boolean {
  return url.startsWith(path, url.indexOf("/", "https://".length));
}

/** Lets those step aside whose body does not come, so that slow clients do not take the places of others. */
function slowLine(now: () => number) {
  const tickets = new Map<Request, Ticket>();
  let isLooking = false;

  const look = (): void => {
    isLooking = false;
    for (const ticket of tickets.values()) {
      if (ticket.isAside || now() - ticket.enteredAtMs < SLOW_UPLOAD_MS) continue;
      ticket.isAside = true;
      ticket.limit.stepAside();
    }
    lookLater();
  };
  const lookLater = (): void => {
    if (isLooking || tickets.size === 0) return;
    isLooking = true;
    setTimeout(look, SLOW_UPLOAD_MS);
  };
  return {
    add(request: Request, ticket: Ticket): void {
      tickets.set(request, ticket);
      lookLater();
    },
    arrived(request: Request): void {
      const ticket = tickets.get(request);
      if (!ticket) return;
      tickets.delete(request);
      if (!ticket.isAside) return;
      ticket.limit.comeBack();
      ticket.enteredAtMs = now();
    },
  };
}

const REFUSAL = problemText("overloaded", "More requests are in hand than can be answered soon; try again later.");

/** Each second as long as the one before would bring them all back in one moment. */
const REFUSAL_HEADERS = ["1", "2", "3", "4"].map(
  (seconds) => new Headers({ "content-type": PROBLEM_TYPE, "retry-after": seconds }),
);

function refusal(number: number): Response {
  return new Response(REFUSAL, { status: 503, headers: REFUSAL_HEADERS[number % REFUSAL_HEADERS.length] as Headers });
}
