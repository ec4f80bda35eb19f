import type { ClientRequest, IncomingMessage } from "node:http";
import type { Fault } from "../unit/fault.ts";
import type { Miss, Reply } from "./reply.ts";
import { type Asked, nativeAsk, type WholeAnswer } from "./whole-answer.ts";

export type Call = Readonly<{
  socket: string;
  method: "GET" | "POST";
  path: string;
  body?: unknown;
  headers?: Readonly<Record<string, string>>;
  /** Units: milliseconds, for the whole answer, but with `open` for the connection alone. */
  limitMs: number;
}>;

/** Makes a call and reads the whole answer as JSON. Whoever names T trusts the daemon, which is the same program. */
export async function send<T>(call: Call): Promise<Reply<T>> {
  const reply = await sendText(call);
  return reply.tag === "ok" ? parse<T>(reply.value) : reply;
}

/** Makes a call and reads the whole answer as text. */
export async function sendText(call: Call): Promise<Reply<string>> {
  const gone = new AbortController();
  const timer = setTimeout(() => gone.abort(), call.limitMs);
  try {
    const answer = await (nativeAsk ?? askByNode)(askedBy(call), gone.signal);
    const isDone = answer.status === 200 || answer.status === 202;
    return isDone ? { tag: "ok", value: answer.text } : refusal(answer);
  } catch (error) {
    return gone.signal.aborted ? late(call) : miss(call, error);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Makes a call and hands its answer over piece by piece, until its end, a cut, or the signal; none of them throws.
 * Why: only the connection has a limit. Bun sends the head of an answer with its first piece, and that may be hours away.
 */
export async function open(call: Call, signal: AbortSignal): Promise<Reply<AsyncIterable<string>>> {
  const gone = new AbortController();
  const end = () => gone.abort();
  signal.addEventListener("abort", end);
  const timer = setTimeout(end, call.limitMs);
  try {
    const { response, outgoing } = await connect(askedBy(call), gone.signal, () => clearTimeout(timer));
    if (response.statusCode === 200) return { tag: "ok", value: pieces(response, outgoing) };
    return refusal(await wholeOf(response));
  } catch (error) {
    return gone.signal.aborted ? late(call) : miss(call, error);
  } finally {
    clearTimeout(timer);
  }
}

function askedBy({ socket, method, path, body, headers }: Call): Asked {
  const text = body === undefined ? "" : JSON.stringify(body);
  const type = text === "" ? {} : { "content-type": "application/json" };
  return { socket, method, path, body: text, headers: { ...headers, ...type } };
}

async function askByNode(asked: Asked, signal: AbortSignal): Promise<WholeAnswer> {
  const { response } = await connect(asked, signal, () => {});
  return await wholeOf(response);
}

type Answer = Readonly<{ response: IncomingMessage; outgoing: ClientRequest }>;

async function connect(asked: Asked, signal: AbortSignal, connected: () => void): Promise<Answer> {
  const { request } = await import("node:http");
  return await new Promise((resolve, reject) => {
    const { socket: socketPath, method, path, headers } = asked;
    const outgoing = request({ socketPath, method, path, headers, agent: false });
    const abort = () => outgoing.destroy(new Error("aborted"));
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort);
    outgoing.on("socket", (socket) => (socket.connecting ? socket.once("connect", connected) : connected()));
    outgoing.on("error", reject);
    outgoing.on("close", () => signal.removeEventListener("abort", abort));
    outgoing.on("response", (response) => resolve({ response, outgoing }));
    outgoing.end(asked.body);
  });
}

async function wholeOf(response: IncomingMessage): Promise<WholeAnswer> {
  let text = "";
  response.setEncoding("utf8");
  for await (const piece of response) text += piece;
  return { status: response.statusCode ?? 0, text };
}

async function* pieces(response: IncomingMessage, outgoing: ClientRequest): AsyncIterable<string> {
  response.setEncoding("utf8");
  try {
    for await (const piece of response) yield piece;
  } catch {
    // A cut stream has ended; whoever reads cannot do more about it than about its end.
  } finally {
    outgoing.destroy();
  }
}

function parse<T>(text: string): Reply<T> {
  try {
    return { tag: "ok", value: JSON.parse(text) };
  } catch {
    return { tag: "broken", message: "the supervisor's answer is not JSON" };
  }
}

function refusal({ status, text }: WholeAnswer): Miss {
  const problem = parse<{ faults?: readonly Fault[]; detail?: string }>(text);
  const [first, ...rest] = (problem.tag === "ok" && problem.value.faults) || [];
  if (first !== undefined) return { tag: "refused", faults: [first, ...rest] };
  const detail = (problem.tag === "ok" && problem.value.detail) || "no word of why";
  return { tag: "broken", message: `the supervisor answered ${status}: ${detail}` };
}

function late(call: Call): Miss {
  return { tag: "timed-out", message: `the supervisor has not answered within ${call.limitMs / 1000}s` };
}

const LONGEST_SOCKET_PATH_BYTES = 107;

function miss(call: Call, error: unknown): Miss {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const reason = error instanceof Error ? error.message : String(error);
  switch (code) {
    case "ENOENT":
    case "ECONNREFUSED":
      return { tag: "not-running" };
    case "EACCES":
    case "EPERM":
      return { tag: "denied", message: `no permission to talk to the supervisor on ${call.socket}` };
    case "ECONNRESET":
    case "EPIPE":
      return { tag: "cut", message: "the supervisor ended the connection before it answered" };
  }
  if (Buffer.byteLength(call.socket) > LONGEST_SOCKET_PATH_BYTES) {
    const limit = `${LONGEST_SOCKET_PATH_BYTES} bytes, the most that a unix socket may have`;
    return { tag: "broken", message: `${call.socket} is longer than ${limit}; choose a shorter --state` };
  }
  return { tag: "broken", message: `cannot talk to the supervisor on ${call.socket}: ${reason}` };
}
