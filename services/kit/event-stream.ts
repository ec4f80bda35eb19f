import { type Life, processLife } from "./life.ts";

/** Source: the HTML standard, "server-sent events". A line break in `data` is kept; in `event` and `id` it cannot be. */
export type ServerEvent = Readonly<{ data: string; event?: string; id?: string }>;

/** The server's end of one event stream; what is sent after it ended goes nowhere. */
export interface EventSink {
  send(event: ServerEvent): void;
  /** Ends the stream; an EventSource comes back for the next one. */
  end(): void;
  /** Fires when the stream is over, by whoever: the time to take back what was subscribed to. */
  readonly ended: AbortSignal;
}

export type EventStreamOptions = Readonly<{
  /** Whose drain ends the stream. Default: the life of this process. */
  life?: Life;
  /** How long a client waits before it comes back when the connection was lost. Default 1000. */
  retryMs?: number;
  /** In a drain each client is told to wait for a time of its own within this, so that they do not all come back at once. Default 2000. */
  spreadMs?: number;
}>;

const RETRY_MS = 1_000;
const SPREAD_MS = 2_000;

/** A stream that says nothing is cut by proxies and, later, by the runtimes. Source: the HTML standard's advice. */
const KEEP_ALIVE_MS = 15_000;

/** A client that is further behind than this is to come back, and say with Last-Event-ID what it has. */
const MAX_BEHIND_BYTES = 1024 * 1024;

/**
 * Answers with an event stream that survives a handover: when the drain begins it says `retry:` with jitter and ends cleanly, and
 * an EventSource reconnects, to the new generation. Events that happen in between are the app's to replay, from `Last-Event-ID`.
 * Shape: `app.get("/events", () => eventStream((events) => subscribe((data) => events.send({ data }), events.ended)))`.
 * Why 200 also while draining: any other status would make an EventSource give up for ever.
 */
export function eventStream(begin: (events: EventSink) => void, options: EventStreamOptions = {}): Response {
  const { life = processLife(), retryMs = RETRY_MS, spreadMs = SPREAD_MS } = options;
  const over = new AbortController();
  const encoder = new TextEncoder();
  let say: (text: string) => void = () => {};

  const end = (): void => over.abort();
  const leave = (): void => {
    say(`retry: ${Math.round(Math.random() * spreadMs)}\n\n`);
    end();
  };
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        say = (text) => {
          if (over.signal.aborted) return;
          controller.enqueue(encoder.encode(text));
          if ((controller.desiredSize ?? 0) <= 0) end();
        };
        over.signal.addEventListener("abort", () => closed(controller), { once: true });
        if (life.draining.aborted) return leave();
        say(`retry: ${retryMs}\n\n`);
        life.draining.addEventListener("abort", leave, { once: true, signal: over.signal });
        const beat = setInterval(() => say(":\n\n"), KEEP_ALIVE_MS);
        over.signal.addEventListener("abort", () => clearInterval(beat), { once: true });
        begin({ send: (event) => say(textOf(event)), end, ended: over.signal });
      },
      cancel: end,
    },
    new ByteLengthQueuingStrategy({ highWaterMark: MAX_BEHIND_BYTES }),
  );
  return new Response(body, {
    headers: { "Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no" },
  });
}

function closed(controller: ReadableStreamDefaultController<Uint8Array>): void {
  try {
    controller.close();
  } catch {
    // The client was the one who ended it: a stream that was cancelled cannot be closed.
  }
}

function textOf({ data, event, id }: ServerEvent): string {
  const oneLine = (text: string): string => text.replace(/[\r\n\0]+/g, " ");
  const head = [
    ...(id === undefined ? [] : [`id: ${oneLine(id)}\n`]),
    ...(event === undefined ? [] : [`event: ${oneLine(event)}\n`]),
  ];
  const lines = data.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`);
  return `${head.join("")}${lines.join("")}\n`;
}
