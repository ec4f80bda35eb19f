import type { Exit, InvocationId } from "../core/facts.ts";
import { Group } from "./group.ts";
import type { Entry } from "./ledger.ts";
import type { Life } from "./life.ts";
import { MainProcess } from "./main-process.ts";
import type { Entry as Membership } from "./members.ts";
import type { NotifySocket } from "./notify.ts";
import type { Parcel } from "./parking.ts";
import { readStat } from "./procfs.ts";
import { peekExit } from "./reap.ts";

/** What a supervisor that is no more has left of one invocation. `pids`: who is alive of it, the oldest first. */
export type Past = Readonly<{ entry: Entry; pids: readonly number[]; descriptors: Descriptors }>;

/** The read ends of its output, and the socket that it reports on; what it did not have, or nobody kept, is null. */
export type Descriptors = Readonly<{ stdout: number | null; stderr: number | null; notify: number | null }>;

const LETTERS = { o: "stdout", e: "stderr", n: "notify" } as const;

/** How the descriptors of an invocation are called where they are parked. */
export const parcelName = (invocation: InvocationId): string => `life ${invocation}`;

/** For whoever parks them: in this order, less those that are not there. */
export function packed(descriptors: Descriptors): Parcel {
  const there = Object.entries(LETTERS).flatMap(([letter, name]) => {
    const fd = descriptors[name];
    return fd === null ? [] : [{ letter, fd }];
  });
  return { fds: there.map(({ fd }) => fd), about: there.map(({ letter }) => letter).join("") };
}

export function unpacked(parcel: Parcel | undefined): Descriptors {
  const fdOf = (letter: string): number | null => {
    const at = parcel?.about.indexOf(letter) ?? -1;
    return at < 0 ? null : (parcel?.fds[at] ?? null);
  };
  return { stdout: fdOf("o"), stderr: fdOf("e"), notify: fdOf("n") };
}

/** Both ends, or none: who has only one has lost the other. */
export function outputIn({ stdout, stderr }: Descriptors): Readonly<{ stdout: number; stderr: number }> | null {
  return stdout === null || stderr === null ? null : { stdout, stderr };
}

/** Who is there of an invocation. `main`: the process whose end is its end, null when that has come. */
export type Revived = Readonly<{
  life: Life;
  membership: Membership;
  /** How the main process has ended, where it has. */
  exit: Exit;
  main: number | null;
}>;

/**
 * Takes up an invocation with whoever is there of it. Null: nobody is, and whether anybody was is for `knownMain` to say, its main
 * process as it was last known. One that was started and has ended since, before that was noted, has had its turn: it is taken up.
 */
export function revive({ entry, pids }: Past, knownMain: number | null, notify: NotifySocket | null): Revived | null {
  const { invocation, leader } = entry;
  // A child of ours may be a zombie whose end nobody has heard yet.
  const isThere = (pid: number): boolean => pids.includes(pid) || peekExit(pid) !== "foreign";
  const first = leader && isThere(leader.pid) ? leader.pid : (pids.find(ledItself) ?? null);
  const known = knownMain ?? first;
  const main = known !== null && isThere(known) ? known : null;
  const isUnnoted = leader !== null && knownMain === null;
  if (main === null && pids.length === 0 && !isUnnoted) return null;
  const process = main === null ? MainProcess.ended() : MainProcess.adopted(main);
  const isForeign = first === null || peekExit(first) === "foreign";
  const group = entry.group && new Group(entry.group.folder, entry.group.name);
  if (group) group.limits = entry.group?.limits ?? [];
  // Whoever was killed while it brought them there has left some of them outside.
  const isGathered = group !== null && pids.every((pid) => group.holds(pid));
  const rest = { aim: null, isKilled: false, wasRefused: false };
  const past = { isBuried: isForeign, lingering: main === null, isReported: main === null };
  return {
    life: { invocation, leader: first ?? 0, main: process, notify, ...rest, ...past },
    membership: {
      leader: first ?? 0,
      group: isGathered || first !== null ? group : null,
      joinsItself: isGathered,
      uid: entry.uid,
      pipes: entry.pipes,
      origin: first === null ? "leaderless" : isForeign ? "foreign" : "own",
    },
    exit: { by: "unknown" },
    main,
  };
}

const ledItself = (pid: number): boolean => readStat(pid)?.session === pid;
