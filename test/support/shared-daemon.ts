import { afterAll, beforeAll } from "bun:test";
import { type Daemon, withDaemon } from "./daemon.ts";
import type { RootOrder } from "./root.ts";

const BOUND_MS = 60_000;

/**
 * One daemon for all tests of the block that calls this, see `withDaemon`. What each test leaves behind, the next one finds.
 * Errors: what is wrong when the daemon has been stopped fails the block after its last test.
 */
export function sharedDaemon(order: RootOrder): () => Daemon {
  const lent = Promise.withResolvers<Daemon>();
  const done = Promise.withResolvers<void>();
  let daemon: Daemon | null = null;
  let over = Promise.resolve();
  beforeAll(async () => {
    over = withDaemon(order, (started) => {
      lent.resolve(started);
      return done.promise;
    });
    over.catch(lent.reject);
    daemon = await lent.promise;
  }, BOUND_MS);
  afterAll(() => {
    done.resolve();
    return over;
  }, BOUND_MS);
  return () => {
    if (!daemon) throw new Error("the daemon has not started");
    return daemon;
  };
}
