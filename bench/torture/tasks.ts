import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { eventually } from "../../test/support/eventually.ts";
import type { Books } from "./books.ts";

/** Numbered tasks that are posted one after the other, each once, and come back as deliveries. */
export interface Tasks {
  /** Posts no more, waits for the last, and counts those that came not at all, or more than once. */
  stop(): Promise<Readonly<{ posted: number; lost: number; doubled: number }>>;
}

const BOUND_MS = 60_000;

/** `address`: where the API is. Units: `pauseMs` between two tasks of a client, milliseconds. */
export async function startTasks(
  address: string,
  { books, clients, pauseMs }: Readonly<{ books: Books; clients: number; pauseMs: number }>,
): Promise<Tasks> {
  const arrivals: number[] = [];
  const receiver = await receive((n) => {
    arrivals[n] = (arrivals[n] ?? 0) + 1;
  });
  let posted = 0;
  let isOver = false;
  const client = async (): Promise<void> => {
    while (!isOver) {
      const n = posted++;
      await post(address, { type: "webhook.deliver", payload: { url: receiver.url, body: { n } } }).catch(
        (error: unknown) => books.surprise(`task ${n}: ${error instanceof Error ? error.message : error}`),
      );
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  };
  const posting = Promise.all(Array.from({ length: clients }, client));
  const missing = () => Array.from({ length: posted }, (_, n) => n).filter((n) => !arrivals[n]);
  return {
    async stop() {
      isOver = true;
      await posting;
      await eventually(() => missing().length === 0, BOUND_MS, "every task is delivered").catch(() => undefined);
      receiver.stop();
      return { posted, lost: missing().length, doubled: arrivals.filter((count) => count > 1).length };
    },
  };
}

/** Where the tasks deliver to. */
async function receive(arrived: (n: number) => void) {
  const server = createServer((asked, response) => {
    let text = "";
    asked.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
    asked.on("end", () => {
      arrived((JSON.parse(text) as { n: number }).n);
      response.end();
    });
  });
  // Who closes an idle connection cuts the next delivery on it, which would be tried again.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, stop };
}

/** Errors: rejects unless it is taken, at the first attempt. */
function post(address: string, task: unknown): Promise<void> {
  const [host, port] = address.split(":");
  const headers = { "content-type": "application/json" };
  return new Promise((resolve, reject) => {
    const asked = request(
      { host, port, path: "/tasks", method: "POST", headers, agent: false, timeout: BOUND_MS },
      (response) => {
        response.resume().on("error", reject);
        response.on("end", () => {
          if (response.statusCode === 202) resolve();
          else reject(new Error(`answered ${response.statusCode}`));
        });
      },
    );
    asked.on("timeout", () => asked.destroy(new Error("no answer")));
    asked.on("error", reject).end(JSON.stringify(task));
  });
}
