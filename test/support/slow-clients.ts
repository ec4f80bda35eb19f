import { createConnection } from "node:net";

/** What a client says that never lets its question, or the answer, come to an end. */
export const manners = {
  "says nothing": "",
  "stops in the middle of its head": "GET /v1/status HTTP/1.1\r\nhost: x\r\nx-slow: ",
  "stops in the middle of its body": "POST /v1/units/crash/stop HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{",
  "asks and stays": "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n",
  "asks again and again, and reads no answer": "GET /v1/openapi.json HTTP/1.1\r\nhost: x\r\n\r\n".repeat(50),
  "reads no answer": "GET /v1/openapi.json HTTP/1.1\r\nhost: x\r\n\r\n",
  "listens for ever": "GET /v1/events HTTP/1.1\r\nhost: x\r\n\r\n",
  "says what is no HTTP": "\0\u0001\u0002 not a request at all\r\n\r\n\r\n",
  "has a huge head": `GET /v1/status HTTP/1.1\r\nhost: x\r\nx-huge: ${"x".repeat(256 * 1024)}`,
  "has a huge body": `POST /v1/units/crash/stop HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999\r\n\r\n${"x".repeat(256 * 1024)}`,
} as const;

export type Manner = keyof typeof manners;

/** Clients that are still connected. */
export type Crowd = Readonly<{ connected(): number; leave(): void }>;

/**
 * Sends so many clients of each manner at once, one of which goes on with a byte a second where it stopped. None of them
 * reads more than it is given at once, and none comes back.
 */
export function sendCrowd(path: string, each: number, chosen: readonly Manner[]): Crowd {
  const clients = chosen.flatMap((manner) => Array.from({ length: each }, () => open(path, manner)));
  const [dripping] = clients;
  const drip = setInterval(() => dripping?.write("x"), 1000);
  return {
    connected: () => clients.filter((client) => !client.destroyed).length,
    leave() {
      clearInterval(drip);
      for (const client of clients) client.destroy();
    },
  };
}

function open(path: string, manner: Manner) {
  const client = createConnection({ path });
  // Whoever is shown the door leaves.
  client.on("error", () => client.destroy());
  client.on("end", () => client.destroy());
  client.once("connect", () => client.write(manners[manner]));
  // Without this nobody would notice that the other side has closed.
  if (!manner.includes("no answer")) client.resume();
  return client;
}
