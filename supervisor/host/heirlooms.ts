import { libc } from "./libc.ts";
import type { Parcel, Parking } from "./parking.ts";

/** A listener of the supervisor's own, which goes from one program to the next that takes its place. */
export type Heirloom = Readonly<{
  /** What the program before has left: whoever takes it has it. */
  take(): Readonly<{ fd: number; about: string }> | null;
  /** Leaves it to the next program. `about`: what that is to know of it. */
  leave(fd: number, about: string): void;
  /** There is no next program after all. */
  keep(): void;
}>;

/**
 * Only what is left on purpose: a supervisor that was killed has left none, so that nobody waits for an answer in a queue that
 * nobody looks after.
 */
export class Heirlooms {
  readonly #left = new Map<string, Parcel>();
  readonly #parking: Parking;

  constructor(parcels: ReadonlyMap<string, Parcel>, parking: Parking) {
    this.#parking = parking;
    for (const [name, parcel] of parcels) if (name.startsWith(PREFIX)) this.#left.set(name, parcel);
  }

  /** Shape of a name: `/srv/app/.supervisor/control.sock`, `127.0.0.1:9000`. */
  of(name: string): Heirloom {
    const parcel = `${PREFIX}${name}`;
    return {
      take: () => {
        const { fds: [fd] = [], about = "" } = this.#left.get(parcel) ?? {};
        this.#left.delete(parcel);
        return fd === undefined ? null : { fd, about };
      },
      leave: (fd, about) => this.#parking.park(parcel, [fd], about),
      keep: () => this.#parking.free(parcel, true),
    };
  }

  /** Nobody wants the rest. */
  close(): void {
    for (const fd of [...this.#left.values()].flatMap(({ fds }) => fds)) libc.close(fd);
    this.#left.clear();
  }
}

const PREFIX = "control ";
