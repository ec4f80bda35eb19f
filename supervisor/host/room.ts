import { libc } from "./libc.ts";

const F_DUPFD_CLOEXEC = 1030;

/**
 * Descriptors that no service gets.
 * Why: whoever asks is still to be heard when there are no more, and files are still to be read and written. A server of the
 * runtime that cannot accept a connection ends (Deno) or turns round and round (Bun).
 */
const KEPT_FREE = 32;

/** Whether so many are left besides `fd`, which is open. If not, it is to be as if there were none (EMFILE). */
export function hasRoomBeside(fd: number): boolean {
  const taken: number[] = [];
  for (let copy = fd; copy >= 0 && taken.length < KEPT_FREE; ) {
    copy = libc.fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (copy >= 0) taken.push(copy);
  }
  for (const copy of taken) libc.close(copy);
  return taken.length === KEPT_FREE;
}
