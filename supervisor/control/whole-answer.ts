/** What was asked. `body`: JSON, or nothing. */
export type Asked = Readonly<{
  socket: string;
  method: "GET" | "POST";
  path: string;
  body: string;
  headers: Readonly<Record<string, string>>;
}>;

export type WholeAnswer = Readonly<{ status: number; text: string }>;

/** Asks on a unix socket and reads the answer to its end. Errors: rejects with what the kernel says, by its `code`, and on abort. */
export type AskWhole = (asked: Asked, signal: AbortSignal) => Promise<WholeAnswer>;

/**
 * The runtime's own way, where it has one that tells errors apart; null elsewhere.
 * Why not node:http everywhere: to load it takes Bun longer than all else that a short verb does.
 */
export const nativeAsk: AskWhole | null =
  "Bun" in globalThis
    ? async ({ socket, method, path, body, headers }, signal) => {
        const answer = await fetch(`http://localhost${path}`, {
          method,
          headers: { ...headers, "accept-encoding": "identity" },
          ...(body !== "" && { body }),
          signal,
          redirect: "manual",
          keepalive: false,
          // Of Bun: where to connect, and no limit of its own.
          ...{ unix: socket, timeout: false },
        });
        return { status: answer.status, text: await answer.text() };
      }
    : null;
