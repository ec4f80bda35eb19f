import { readFileSync, rmSync } from "node:fs";
import { createGate, type Gate } from "./gate.ts";
import { type Launched, launch } from "./launch.ts";
import { bytes, cInt, errno, errnoText, libc } from "./libc.ts";
import { descriptorCopy } from "./pidfd.ts";
import { isDead, readStat } from "./procfs.ts";
import { findProgram } from "./program.ts";
import type { Reactor } from "./reactor.ts";
import { receive } from "./recvmsg.ts";
import { replaceFile } from "./replace-file.ts";
import { sendDescriptors } from "./sendmsg.ts";

const AF_UNIX = 1;
const SOCK_SEQPACKET = 5;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SO_SNDBUFFORCE = 32;
const SO_PEEK_OFF = 42;
const MSG_PEEK = 2;
const SIGKILL = 9;
/** Room for some ten thousand messages where the kernel lets us; else for some hundred, and there is more than one lot. */
const QUEUE_BYTES = 8 * 1024 * 1024;
/** What was freed stays in the queue until all that is needed is moved to a new one. */
const MOST_FREED = 128;
/** A holder that lived for less ended by itself, and so would the next. */
const LEAST_LIFE_MS = 1_000;
/** Where a holder has its end of the queue, from its first moment on. */
const QUEUE_FD = 1;
const SHELL = "/bin/sh";
/** It sleeps once it is written down who it is, else it ends with us. 68 years: not every sleep(1) knows `infinity`. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: the shell fills it in.
const HOLD = 'read -r go && PATH="${0%/*}" && exec sleep 2147483647 <&1';

/**
 * Keeps copies of descriptors where they outlive this process, however it ends: listeners with their queues, what services have
 * printed, what they have said.
 *
 * They lie as messages in the queue of a socket that a process of its own, which sleeps, holds open (a "lot"). So there is nothing
 * that could be wrong with that process, and whoever comes after us reads the queue without emptying it.
 */
export interface Parking {
  /**
   * Copies these under a name, with whatever is to be known about them; others that had that name are freed. None: nothing is kept.
   * Bound: 253 descriptors, and some thousand characters.
   */
  park(name: string, fds: readonly number[], about?: string): void;
  /** They are not needed any more. `now`: nobody may hold them from now on, as a listener whose port somebody else is to have. */
  free(name: string, now?: boolean): void;
  /** Frees all. */
  close(): void;
}

/** `environ`: what the sleeping processes are given. `note` hears that one of them is gone, and, once, that nothing can be parked. */
export type ParkingOptions = Readonly<{
  /** Where it is written down who holds the lots. */
  file: string;
  environ: Readonly<Record<string, string | undefined>>;
  note: (text: string) => void;
  reactor: Pick<Reactor, "watch" | "unwatch">;
}>;

export function createParking(options: ParkingOptions): Parking {
  return new Lots(options);
}

/** Who holds a lot open, and since when he lives: a pid alone may be somebody else's by now. */
type Holder = Readonly<{ pid: number; startTicks: number }>;
type Lot = Holder & Readonly<{ sender: number; gate: Gate; openedAtMs: number }>;

/** What lies under one name. */
export type Parcel = Readonly<{ fds: readonly number[]; about: string }>;

class Lots implements Parking {
  readonly #options: ParkingOptions;
  readonly #live = new Map<string, Parcel>();
  /** Of those before us. Until they are let go, they alone may have what was not parked anew. */
  readonly #inherited: readonly Holder[];
  #lots: readonly Lot[] = [];
  /** Lots that everything is being moved out of. */
  #left: readonly Lot[] = [];
  #freed = 0;
  #wasNoted = false;

  constructor(options: ParkingOptions) {
    this.#options = options;
    this.#inherited = readHolders(options.file);
  }

  park(name: string, fds: readonly number[], about = ""): void {
    if (fds.length === 0) {
      this.free(name);
      return;
    }
    if (this.#live.has(name)) this.#freed++;
    this.#live.set(name, { fds, about });
    if (this.#freed > MOST_FREED + this.#live.size) this.#moveAll();
    else this.#put(name, { fds, about });
  }

  free(name: string, now = false): void {
    if (!this.#live.delete(name)) return;
    this.#freed++;
    if (now || this.#freed > MOST_FREED + this.#live.size) this.#moveAll();
  }

  close(): void {
    this.#live.clear();
    this.#inherited.forEach(end);
    this.#moveAll();
  }

  #put(name: string, { fds, about }: Parcel): void {
    const text = `${name}\n${about}`;
    const last = this.#lots.at(-1);
    if (last && sendDescriptors(last.sender, text, fds)) return;
    const lot = this.#open();
    if (!lot) return;
    this.#record([...this.#lots, lot]);
    lot.gate.open();
    lot.gate.close();
    if (!sendDescriptors(lot.sender, text, fds)) {
      libc.close(lot.sender);
      end(lot);
      this.#refused(errnoText(errno()));
      return;
    }
    this.#lots = [...this.#lots, lot];
    // Nobody sends to us on it: it tells that the other end is closed.
    this.#options.reactor.watch(lot.sender, () => this.#lost(lot));
  }

  /** Somebody has killed its holder. What lay there is still ours. */
  #lost(lot: Lot): void {
    if (performance.now() - lot.openedAtMs < LEAST_LIFE_MS) {
      this.#close(lot);
      this.#lots = this.#lots.filter((one) => one !== lot);
      this.#refused("sleep(1), which is to hold it, ends by itself");
      return;
    }
    this.#moveAll();
    if (this.#lots.length === 0) return;
    this.#options.note(`sleep(1) that held our descriptors (pid ${lot.pid}) is gone; another holds them now`);
  }

  #close({ sender }: Lot): void {
    this.#options.reactor.unwatch(sender);
    libc.close(sender);
  }

  /** To new lots, what is needed; the old ones go with the rest. Nothing is missing at any moment. */
  #moveAll(): void {
    this.#left = this.#lots;
    this.#lots = [];
    this.#freed = 0;
    for (const [name, parcel] of this.#live) this.#put(name, parcel);
    for (const lot of this.#left) {
      this.#close(lot);
      end(lot);
    }
    this.#left = [];
    this.#record(this.#lots);
  }

  #open(): Lot | null {
    const { environ } = this.#options;
    const ends = bytes(8);
    if (libc.socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) return this.#refused(errnoText(errno()));
    const view = new DataView(ends.buffer);
    const [sender, held] = [view.getInt32(0, true), view.getInt32(4, true)];
    if (libc.setsockopt(sender, SOL_SOCKET, SO_SNDBUFFORCE, cInt(QUEUE_BYTES), 4) < 0) {
      libc.setsockopt(sender, SOL_SOCKET, SO_SNDBUF, cInt(QUEUE_BYTES), 4);
    }
    const gate = createGate();
    const launched = typeof gate === "number" ? null : hold(held, gate, environ);
    libc.close(held);
    if (typeof gate !== "number" && launched?.ok) {
      const startTicks = readStat(launched.pid)?.startTicks ?? 0;
      return { pid: launched.pid, startTicks, sender, gate, openedAtMs: performance.now() };
    }
    libc.close(sender);
    if (typeof gate === "number") return this.#refused(errnoText(gate));
    gate.close();
    return this.#refused(launched?.ok === false ? errnoText(launched.errno) : "there is no sleep(1)");
  }

  #refused(why: string): null {
    if (!this.#wasNoted) this.#options.note(`nothing is kept for the case that the supervisor is killed: ${why}`);
    this.#wasNoted = true;
    return null;
  }

  /** Whole or not at all, and everybody who may have what nobody else has. The last one counts. */
  #record(lots: readonly Lot[]): void {
    const { file, note } = this.#options;
    try {
      const all = [...this.#inherited, ...this.#left, ...lots].filter(isThere);
      if (all.length === 0) rmSync(file, { force: true });
      else replaceFile(file, `${JSON.stringify(all.map(({ pid, startTicks }) => ({ pid, startTicks })))}\n`);
    } catch (error) {
      if (!this.#wasNoted) note(`who holds our descriptors cannot be written down: ${(error as Error).message}`);
      this.#wasNoted = true;
    }
  }
}

/** What another supervisor has parked. */
export type Parked = Readonly<{
  /** Copies of our own, close-on-exec, by name. */
  parcels: ReadonlyMap<string, Parcel>;
  /** Ends the lots, once all that is needed is parked anew. */
  leave(): void;
}>;

/**
 * Takes copies of all that is parked; it stays parked as well, so that whoever is killed now has lost nothing.
 * Errors: none; a lot whose holder is gone, or that the kernel does not give us (it asks what ptrace(2) asks), is left out.
 */
export function takeParked(file: string): Parked {
  const holders = readHolders(file).filter(isThere);
  const parcels = new Map<string, Parcel>();
  for (const { pid } of holders) {
    const queue = descriptorCopy(pid, QUEUE_FD);
    if (queue < 0) continue;
    for (const [name, parcel] of readQueue(queue)) {
      for (const fd of parcels.get(name)?.fds ?? []) libc.close(fd);
      parcels.set(name, parcel);
    }
    libc.close(queue);
  }
  return { parcels, leave: () => holders.forEach(end) };
}

/** The last message of a name is the one that counts. */
function* readQueue(queue: number): Generator<readonly [string, Parcel]> {
  libc.setsockopt(queue, SOL_SOCKET, SO_PEEK_OFF, cInt(0), 4);
  for (let one = receive(queue, MSG_PEEK); one && one.bytes.length > 0; one = receive(queue, MSG_PEEK)) {
    const [name = "", ...about] = new TextDecoder().decode(one.bytes).split("\n");
    yield [name, { fds: one.fds, about: about.join("\n") }];
  }
}

function readHolders(file: string): readonly Holder[] {
  try {
    const read: unknown = JSON.parse(readFileSync(file, "utf8"));
    return Array.isArray(read) ? read.filter(isHolder) : [];
  } catch {
    // There is none, or it was cut short.
    return [];
  }
}

/** Starts somebody who has the queue, and waits at the gate. Null: there is nothing that sleeps. */
function hold(held: number, gate: Gate, environ: ParkingOptions["environ"]): Launched | null {
  const sleep = findProgram("sleep", {}, "/");
  if (!sleep.ok) return null;
  const env = Object.fromEntries(Object.entries(environ).flatMap(([key, value]) => (value ? [[key, value]] : [])));
  const argv = ["sh", "-c", HOLD, sleep.path];
  return launch({ program: SHELL, argv, env, cwd: "/", stdin: gate.stdin, stdout: held, stderr: held, listeners: [] });
}

function isHolder(one: unknown): one is Holder {
  const { pid, startTicks } = one as Partial<Record<keyof Holder, unknown>>;
  return typeof pid === "number" && typeof startTicks === "number";
}

function isThere({ pid, startTicks }: Holder): boolean {
  const stat = readStat(pid);
  return stat !== null && !isDead(stat) && stat.startTicks === startTicks;
}

function end(holder: Holder): void {
  if (isThere(holder)) libc.kill(holder.pid, SIGKILL);
}
