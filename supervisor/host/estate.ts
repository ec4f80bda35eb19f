import type { InvocationId } from "../core/facts.ts";
import type { SpawnOrder } from "../daemon/ports.ts";
import type { Group } from "./group.ts";
import { socketInode } from "./inode.ts";
import type { Entry, Ledger } from "./ledger.ts";
import type { NotifySocket } from "./notify.ts";
import type { Parcel, Parking } from "./parking.ts";
import { type Descriptors, type Past, packed, parcelName } from "./past.ts";
import { readStat } from "./procfs.ts";
import { Store } from "./store.ts";

/** What the host has made for one start. */
export type Furniture = Readonly<{
  notify: NotifySocket | null;
  group: Group | null;
  /** What its output goes to. Shape: `pipe:[4711]`. */
  pipes: readonly string[];
  uid: number | null;
}>;

/** What comes from the one before us, and goes to the one after. */
export type Heritage = Readonly<{
  /** Is told of every invocation before there is a process, and when nobody is left of it. */
  ledger?: Ledger;
  /** Keeps the descriptors of every invocation for whoever comes after us. */
  parking?: Parking;
  /** What another supervisor has left of invocations that are gone on with, and what it has parked. */
  past?: ReadonlyMap<InvocationId, Past>;
  parcels?: ReadonlyMap<string, Parcel>;
}>;

/** What whoever comes after us gets of every invocation that lives: who it is, and its descriptors. */
export class Estate {
  readonly #ledger: Ledger | null;
  readonly #parking: Parking | null;

  constructor(ledger: Ledger | null, parking: Parking | null) {
    this.#ledger = ledger;
    this.#parking = parking;
  }

  /** To be told before there is a process. */
  begin(order: SpawnOrder, furniture: Furniture): Entry {
    const { invocation, keeper, listeners } = order;
    const { notify, group, pipes, uid } = furniture;
    const entry: Entry = {
      invocation,
      keeper,
      listeners: listeners.map(({ name, fd }) => ({ name, inode: socketInode(fd) })),
      leader: null,
      notifyPath: notify?.path ?? null,
      storeMax: order.storeMax ?? Store.most,
      uid,
      pipes,
      group: group && { folder: group.folder, name: group.name, limits: group.limits },
    };
    this.#ledger?.began(entry);
    const { stdout = null, stderr = null } = order.reads ?? {};
    this.#park(invocation, { stdout, stderr, notify: notify?.fd ?? null });
    return entry;
  }

  /** There is a process now. Gives when it began, in ticks of the kernel's clock. */
  led(entry: Entry, pid: number): number {
    // A child that has ended already is still a zombie, so its line is there.
    const startTicks = readStat(pid)?.startTicks ?? 0;
    this.#ledger?.began({ ...entry, leader: { pid, startTicks } });
    return startTicks;
  }

  /** Goes on with what another supervisor has left. */
  takeUp({ entry, descriptors }: Past, main: number | null): void {
    this.#park(entry.invocation, descriptors);
    if (entry.leader === null && main !== null) this.led(entry, main);
  }

  end(invocation: InvocationId): void {
    this.#ledger?.ended(invocation);
    this.#parking?.free(parcelName(invocation));
  }

  #park(invocation: InvocationId, descriptors: Descriptors): void {
    const parcel = packed(descriptors);
    this.#parking?.park(parcelName(invocation), parcel.fds, parcel.about);
  }
}
