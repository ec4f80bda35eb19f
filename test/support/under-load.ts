import type { Daemon } from "./daemon.ts";
import type { LoadOrder } from "./load/order.ts";
import type { Tally } from "./load/tally.ts";
import { startLoad } from "./load.ts";

/** Loops of each kind: on kept connections, and with a new connection for each request. */
export const LOOPS = 8;

const LIGHT = { keepAlive: LOOPS, oneShot: LOOPS, thinkMs: 5, leastPerLoop: 5 };

/** Asks a unit's first listener all the time while `act` goes on, lightly, and counts what became of it. */
export async function underLoad(
  daemon: Daemon,
  act: (address: string) => Promise<void>,
  { unit = "api", ...more }: Partial<LoadOrder> & Readonly<{ unit?: string }> = {},
): Promise<Tally> {
  const address = (await daemon.unit(unit)).listeners[0]?.address ?? "";
  const load = await startLoad({ address, ...LIGHT, ...more }, daemon.environment);
  try {
    await act(address);
  } finally {
    await load.stop();
  }
  return load.stop();
}
