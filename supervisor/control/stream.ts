/** What a stream answers with, and what may end it besides its own end and a client that leaves. */
export type StreamOptions = Readonly<{
  contentType: string;
  /** The server goes away. */
  closing: AbortSignal;
  onBug: (error: unknown) => void;
}>;

/**
 * Answers with text as it comes. The source is pulled only as fast as the client reads, and is told through its signal when nobody reads any more.
 * Why: the request's own signal is not listened to. Deno aborts it after every answer and warns about that; `cancel` is called on both runtimes.
 */
export function streamResponse(
  source: (signal: AbortSignal) => AsyncIterable<string>,
  options: StreamOptions,
): Response {
  const { closing, contentType, onBug } = options;
  const over = new AbortController();
  const chunks = source(over.signal)[Symbol.asyncIterator]();
  const end = () => {
    closing.removeEventListener("abort", end);
    over.abort();
    chunks.return?.().catch(onBug);
  };
  closing.addEventListener("abort", end);
  if (closing.aborted) end();
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const next = await chunks.next();
        if (next.done !== true && !over.signal.aborted) return controller.enqueue(encoder.encode(next.value));
      } catch (error) {
        onBug(error);
      }
      end();
      close(controller);
    },
    cancel: end,
  });
  return new Response(body, { headers: { "content-type": contentType, "cache-control": "no-store" } });
}

function close(controller: ReadableStreamDefaultController<Uint8Array>): void {
  try {
    controller.close();
  } catch {
    // The client cancelled first, so the stream is closed already; there is no way to ask.
  }
}
