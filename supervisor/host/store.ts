import { readlinkSync } from "node:fs";
import { bytes, libc } from "./libc.ts";
import type { Notice } from "./notify.ts";
import type { Parcel, Parking } from "./parking.ts";

const F_DUPFD_QUERY = 1027;
const POLLERR = 8;
const POLLHUP = 16;

/** A descriptor that a service gave us for whoever comes after it. */
type Stored = Readonly<{ name: string; fd: number; isPolled: boolean }>;

/**
 * The descriptors that services have stored, each under its keeper.
 * Source: sd_notify(3), FDSTORE=, FDNAME=, FDSTOREREMOVE=, FDPOLL=.
 */
export class Store {
  /** So many are kept for one keeper, where nobody says otherwise. */
  static readonly most = 64;
  readonly #kept = new Map<string, Stored[]>();
  readonly #full = new Set<string>();
  readonly #note: (text: string) => void;
  readonly #parking: Parking | null;

  /** `note` hears what was sent in vain. `past`: what was parked by another supervisor. */
  constructor(
    note: (text: string) => void,
    parking: Parking | null = null,
    past: Iterable<readonly [string, Parcel]> = [],
  ) {
    this.#note = note;
    this.#parking = parking;
    for (const [name, parcel] of past) {
      if (!name.startsWith(PARCELS)) continue;
      const keeper = name.slice(PARCELS.length);
      this.#kept.set(keeper, unpack(parcel));
      this.#park(keeper);
    }
  }

  /** Does what a message asks for, and keeps at most so many. Takes the descriptors that it keeps out of the message. */
  hear(keeper: string, { fields, fds }: Notice, most = Store.most): void {
    const name = storedName(fields.FDNAME);
    if (fields.FDSTOREREMOVE === "1") {
      if (name !== null) this.#keepOnly(keeper, (one) => one.name !== name);
      return;
    }
    if (fields.FDSTORE !== "1") return;
    const kept = this.of(keeper);
    for (const fd of fds) {
      if (kept.some((one) => isSame(one.fd, fd))) continue;
      if (kept.length >= most) {
        this.#tellFull(keeper, most);
        break;
      }
      fds.delete(fd);
      kept.push({ name: name ?? "stored", fd, isPolled: fields.FDPOLL !== "0" });
    }
    if (kept.length === 0) return;
    this.#kept.set(keeper, kept);
    this.#park(keeper);
  }

  /** What is to be handed on: in the order in which it came, less what has hung up meanwhile. */
  of(keeper: string): Stored[] {
    this.#keepOnly(keeper, (one) => !one.isPolled || !hasHungUp(one.fd));
    return [...(this.#kept.get(keeper) ?? [])];
  }

  forget(keeper: string): void {
    this.#full.delete(keeper);
    this.#keepOnly(keeper, () => false);
  }

  close(): void {
    for (const keeper of [...this.#kept.keys()]) this.forget(keeper);
  }

  #park(keeper: string): void {
    const kept = this.#kept.get(keeper) ?? [];
    const names = JSON.stringify(kept.map(({ name, isPolled }) => [name, isPolled]));
    const about = names.length < LONGEST_NAMES ? names : "[]";
    this.#parking?.park(
      PARCELS + keeper,
      kept.map(({ fd }) => fd),
      about,
    );
  }

  /** Once, until it is forgotten. */
  #tellFull(keeper: string, most: number): void {
    if (this.#full.has(keeper)) return;
    this.#full.add(keeper);
    this.#note(`${keeper} has sent more descriptors than the ${most} that are kept for it`);
  }

  #keepOnly(keeper: string, stays: (one: Stored) => boolean): void {
    const before = this.#kept.get(keeper) ?? [];
    const kept: Stored[] = [];
    for (const one of before) {
      if (stays(one)) kept.push(one);
      else libc.close(one.fd);
    }
    if (kept.length > 0) this.#kept.set(keeper, kept);
    else this.#kept.delete(keeper);
    if (kept.length < before.length) this.#park(keeper);
  }
}

/** Of all names together, as they are parked; beyond it they are called as those that came without a name. Units: characters. */
const LONGEST_NAMES = 3000;
/** How what a keeper has stored is called where it is parked. */
const PARCELS = "store ";

function unpack({ fds, about }: Parcel): Stored[] {
  const names = JSON.parse(about) as readonly (readonly [string, boolean])[];
  return fds.flatMap((fd, index): Stored[] => {
    const [name, isPolled] = names[index] ?? ["stored", true];
    return [{ name, fd, isPolled }];
  });
}

/** Null for what is no name: control characters, a colon, what is not ASCII, more than 255 of them. */
function storedName(text: string | undefined): string | null {
  return text !== undefined && /^[\x20-\x39\x3b-\x7e]{1,255}$/.test(text) ? text : null;
}

/** Whether two descriptors are one and the same open file. A kernel before 6.10 cannot tell, but a socket has only one. */
function isSame(a: number, b: number): boolean {
  const answer = libc.fcntl(a, F_DUPFD_QUERY, b);
  if (answer >= 0) return answer === 1;
  const link = readlinkSync(`/proc/self/fd/${a}`);
  return link.startsWith("socket:") && link === readlinkSync(`/proc/self/fd/${b}`);
}

function hasHungUp(fd: number): boolean {
  const asked = bytes(8);
  const view = new DataView(asked.buffer);
  view.setInt32(0, fd, true);
  return libc.poll(asked, 1, 0) > 0 && (view.getInt16(6, true) & (POLLERR | POLLHUP)) !== 0;
}
