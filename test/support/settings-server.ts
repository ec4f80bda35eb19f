import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What it answers from now on. `hang`: nothing. `index`: it holds back its answer to who knows that already, as Consul does. */
export type Said = Readonly<{ status?: number; body?: string | Uint8Array; index?: number; hang?: boolean }>;

/** A real HTTP server that settings are asked of. */
export interface SettingsServer {
  readonly url: string;
  /** Every question: its query, and who says that he asks. */
  readonly asked: readonly Readonly<{ query: string; authorization: string }>[];
  /** Answers those who wait, and whoever comes. */
  say(said: Said): void;
  close(): Promise<void>;
}

export async function settingsServer(first: Said): Promise<SettingsServer> {
  let said = first;
  const asked: { query: string; authorization: string }[] = [];
  const waiting = new Set<ServerResponse>();
  const answer = (response: ServerResponse): void => {
    const { status = 200, body = "", index } = said;
    waiting.delete(response);
    response.writeHead(status, index === undefined ? {} : { "X-Consul-Index": String(index) }).end(body);
  };
  const hear = ({ url = "", headers }: IncomingMessage, response: ServerResponse): void => {
    const { search, searchParams } = new URL(url, "http://host");
    asked.push({ query: search, authorization: headers.authorization ?? "" });
    const known = Number(searchParams.get("index") ?? "-1");
    if (said.hang || (said.index !== undefined && known >= said.index)) waiting.add(response);
    else answer(response);
  };
  const server = createServer(hear);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/app.toml`,
    asked,
    say(next) {
      said = next;
      if (!said.hang) for (const response of [...waiting]) answer(response);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
