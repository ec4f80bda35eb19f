import { createServer } from "node:net";

/** Below those that the kernel gives to whoever asks for any port (net.ipv4.ip_local_port_range, from 32768): it never gives one of these away. */
const FIRST = 10_000;
const SHARES = 220;
const SHARE = 100;
let given = 0;

/** A port that nobody has now, for whoever must be told one: nginx, Redis, a unit file. Each process of the tests has a share of its own. */
export async function freePort(): Promise<number> {
  const first = FIRST + (process.pid % SHARES) * SHARE;
  for (let tried = 0; tried < SHARE; tried++) {
    const port = first + (given++ % SHARE);
    if (await isFree(port)) return port;
  }
  throw new Error(`no port from ${first} to ${first + SHARE - 1} is free`);
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
