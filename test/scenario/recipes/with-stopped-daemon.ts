import { type Daemon, withDaemon } from "../../support/daemon.ts";
import type { RootOrder } from "../../support/root.ts";

/**
 * As `withDaemon`, and ends the daemon in good order also when `use` throws.
 * Why: nginx, puma and Redis write their titles over their environment, by which the clean-up of a broken test knows who is to go.
 */
export function withStoppedDaemon(order: RootOrder, use: (daemon: Daemon) => Promise<void>): Promise<void> {
  return withDaemon(order, async (daemon) => {
    try {
      await use(daemon);
    } catch (error) {
      await daemon.stop();
      throw error;
    }
  });
}
