import type { Socket } from "node:net";
import { Reply } from "./reply.ts";
import { trouble } from "./trouble.ts";

/** One request on a connection of its own. */
export type Call = Readonly<{
  /** Begins to connect. Errors: what it throws is heard as trouble. */
  open(): Socket;
  /** The event that says that bytes may be sent. */
  opened: "connect" | "secureConnect";
  /** The request's head without the empty line that ends it. */
  head: string;
  /** Asked once the head is out: false drops the connection before the request is whole, so that nobody works on it. Never rejects. */
  admit?(socket: Socket): Promise<boolean>;
}>;

/**
 * What came back. `asked`: whether the request had been sent as a whole. `dropped`: nobody wants to know any more, or it was
 * not admitted.
 */
export type Heard = Readonly<
  | { tag: "reply"; code: number; location: string | null }
  | { tag: "trouble"; detail: string; asked: boolean }
  | { tag: "dropped" }
>;

/** Sends the request and reads the answer to its end; the connection is closed in any case. Has no time limit but the signal. */
export function exchange(call: Call, signal: AbortSignal): Promise<Heard> {
  if (signal.aborted) return Promise.resolve({ tag: "dropped" });
  return new Promise((resolve) => {
    const reply = new Reply();
    let socket: Socket | null = null;
    let asked = false;
    const done = (heard: Heard): void => {
      signal.removeEventListener("abort", drop);
      socket?.destroy();
      resolve(heard);
    };
    const drop = (): void => done({ tag: "dropped" });
    const fail = (detail: string): void => done({ tag: "trouble", detail, asked });
    const read = (reading: ReturnType<Reply["take"]>): void => {
      if (reading === "whole") done({ tag: "reply", code: reply.code, location: reply.location });
      if (reading === "garbage") fail("sent no HTTP answer");
    };
    const closed = (): void => (reply.end() === "whole" ? read("whole") : fail(shortOf(reply)));
    const send = async (open: Socket): Promise<void> => {
      open.write(`${call.head}\r\n`);
      if (call.admit && !(await call.admit(open))) return drop();
      asked = true;
      if (!open.destroyed) open.write("\r\n");
    };
    signal.addEventListener("abort", drop);
    try {
      const opening = call.open();
      socket = opening;
      // Stays to the end: a destroyed socket may still complain.
      opening.on("error", (error) => fail(trouble(error)));
      opening.once(call.opened, () => void send(opening));
      opening.on("data", (chunk: Uint8Array) => read(reply.take(chunk)));
      opening.once("end", closed);
      opening.once("close", closed);
    } catch (error) {
      fail(trouble(error as Error));
    }
  });
}

/** What to say of an answer that ended before it was whole. */
function shortOf({ isBegun, code }: Reply): string {
  if (!isBegun) return "closed the connection without an answer";
  return code === 0 ? "sent no HTTP answer" : "cut its answer short";
}
