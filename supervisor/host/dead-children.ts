import { createForsaken } from "./forsaken.ts";
import { libc } from "./libc.ts";
import { peekAnyDead } from "./reap.ts";

/** How many were seen to. `isHidden`: others may lie behind a dead child of the runtime, which is its own to fetch. */
export type Walk = Readonly<{ count: number; isHidden: boolean }>;

/**
 * Walks along the dead children of this process. The kernel shows one, and the next only when that was fetched; the runtime's own,
 * which are in our session, are left to it.
 */
export class DeadChildren {
  readonly #ownSession = libc.getsid(0);
  readonly #forsaken = createForsaken();

  /** `fetch` is to reap the child; the walk ends when it answers that it did not. */
  walk(fetch: (pid: number) => boolean): Walk {
    let count = 0;
    for (let pid = peekAnyDead(); pid !== null; pid = peekAnyDead()) {
      if (libc.getsid(pid) === this.#ownSession && !this.#forsaken.is(pid)) return { count, isHidden: true };
      if (!fetch(pid)) break;
      count++;
    }
    return { count, isHidden: false };
  }
}
