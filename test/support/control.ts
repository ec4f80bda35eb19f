import { request } from "node:http";

const LIMIT_MS = 10_000;

export type Reply = Readonly<{ status: number; body: string }>;

/** Asks the daemon's control socket, without the project's own client. Null: nobody answers there. */
export function askControl(socketPath: string, path: string, method = "GET"): Promise<Reply | null> {
  return new Promise((resolve) => {
    const asked = request({ socketPath, path, method, timeout: LIMIT_MS, agent: false }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("error", () => resolve(null));
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts).toString("utf8") }),
      );
    });
    asked.on("timeout", () => asked.destroy());
    asked.on("error", () => resolve(null));
    asked.end();
  });
}
