import { expect } from "bun:test";
import { more, startLoad } from "./load.ts";
import type { Root } from "./root.ts";

const ANSWER_BOUND_MS = 20_000;

/** Asks the scenarios' API all the time while `act` goes on, which may wait for the `next` requests; not one may fail. */
export async function noneFails(
  root: Root,
  address: string,
  act: (next: () => Promise<void>) => Promise<unknown>,
): Promise<void> {
  const load = await startLoad({ address, keepAlive: 8, oneShot: 8, thinkMs: 4, leastPerLoop: 5 }, root.environment);
  try {
    await more(load);
    await act(() => more(load));
    await more(load);
  } finally {
    await load.stop();
  }
  const { failed, samples } = await load.stop();
  expect([failed, samples]).toEqual([0, []]);
}

/** What the scenarios' API answers on a connection of its own. Errors: rejects with the code of what has gone wrong. */
export async function askOnce(address: string): Promise<unknown> {
  const reply = await fetch(`http://${address}/echo?n=1`, {
    headers: { connection: "close" },
    signal: AbortSignal.timeout(ANSWER_BOUND_MS),
  });
  return reply.json();
}
