import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import type { Resources } from "../unit/resources.ts";
import { Aside } from "./aside.ts";
import { type Flock, type Gathering, gather } from "./gather.ts";
import { Group, removeGroups } from "./group.ts";
import { findGroupPlace, type GroupPlace } from "./group-place.ts";
import { libc } from "./libc.ts";
import { type Limit, limitsOf } from "./limits.ts";
import { readStat } from "./procfs.ts";

/** No chain of parents that a person would make is longer. */
const LONGEST_CHAIN = 256;
/** Looks for those who were forked while the others were moved. */
const MOST_ROUNDS = 8;

export type GroupsOptions = Readonly<{
  /** Hears, once each, which limits have no effect, and why. */
  note: (text: string) => void;
  place?: GroupPlace | null;
}>;

/** The control groups of one supervisor: `<own group>/supervisor-<pid>/<keeper>.<invocation>`. */
export interface Groups {
  /** Makes one with these limits; null when the kernel refuses, which is noted. A limit that cannot be set is noted as well. */
  make(name: string, resources: Resources | null): Group | null;
  /** One without limits, to be made when somebody is brought into it. */
  plan(name: string): Group;
  /** Gives one that another supervisor has made the limits that it has lost. */
  renew(group: Group): void;
  /** Brings an invocation that runs into a planned group. A refusal is noted. */
  gather(flock: Flock): Promise<Gathering>;
  /** Removes it soon. One that somebody is still in is tried again when others are discarded. */
  discard(group: Group): void;
  /** Removes everything that is empty, and puts this process back to where it was. */
  close(): void;
}

/**
 * Finds out whether control groups can be made here, and removes the empty ones of supervisors that were killed.
 * Null: v2 is not mounted, or it is not ours to write.
 */
export function createGroups({ note, place = findGroupPlace() }: GroupsOptions): Groups | null {
  if (place === null) return null;
  const base = join(place.folder, `supervisor-${process.pid}`);
  try {
    sweep(place.folder);
    mkdirSync(base, { recursive: true });
  } catch {
    // EACCES, EROFS: the usual case for who is neither root nor delegated to. The doctor tells.
    return null;
  }
  return new RealGroups(place, base, note);
}

class RealGroups implements Groups {
  readonly #place: GroupPlace;
  readonly #base: string;
  readonly #leaf: string;
  readonly #note: (text: string) => void;
  readonly #noted = new Set<string>();
  readonly #aside = new Aside();
  /** Discarded when somebody was still in it. */
  readonly #stubborn = new Set<Group>();
  /** Controllers that were switched on, or that cannot be, with the reason. */
  readonly #switched = new Map<string, string | null>();
  #moved = false;

  constructor(place: GroupPlace, base: string, note: (text: string) => void) {
    this.#place = place;
    this.#base = base;
    this.#leaf = join(base, "supervisor");
    this.#note = note;
  }

  make(name: string, resources: Resources | null): Group | null {
    const group = this.plan(name);
    try {
      // Whoever tidies up may have taken it for one that nobody needs.
      mkdirSync(this.#base, { recursive: true });
      group.make();
      group.limits = limitsOf(resources);
      for (const limit of group.limits) this.#apply(group, limit);
      return group;
    } catch (error) {
      this.#refused(error as Error);
      return null;
    }
  }

  plan(name: string): Group {
    const own = this.#place.name === "/" ? "" : this.#place.name;
    return new Group(join(this.#base, name), `${own}/${basename(this.#base)}/${name}`);
  }

  renew(group: Group): void {
    for (const limit of group.limits) if (!group.hasLimit(limit.file, limit.value)) this.#apply(group, limit);
  }

  gather(flock: Flock): Promise<Gathering> {
    return gather(flock, { aside: this.#aside, refused: (error) => this.#refused(error) });
  }

  discard(group: Group): void {
    void this.#aside.run(async () => {
      // One more, not all: many are discarded at a time.
      const { value: another } = this.#stubborn.values().next();
      for (const each of another ? [group, another] : [group]) {
        this.#stubborn.delete(each);
        if (!(await each.remove())) this.#stubborn.add(each);
      }
    });
  }

  close(): void {
    // Those of a supervisor that was killed, whose processes were gone on with: controllers are taken back from below.
    sweep(this.#place.folder);
    this.#removeAll();
    // A group that is being made right now is discarded already, and removed after that.
    if (!this.#aside.isIdle) void this.#aside.run(() => tryToRemove(this.#base));
  }

  #removeAll(): void {
    if (!this.#moved) {
      removeGroups(this.#base);
      return;
    }
    // A group with controllers below it takes no process, so they go first; and what is still populated keeps us where we are.
    const on = [...this.#switched].filter(([, refused]) => refused === null).map(([controller]) => `-${controller}`);
    try {
      for (const folder of [this.#base, this.#place.folder]) write(folder, "cgroup.subtree_control", on.join(" "));
      write(this.#place.folder, "cgroup.procs", "0");
      rmdirSync(this.#leaf);
      removeGroups(this.#base);
    } catch {
      // Some service outlives us; the next supervisor removes what is left.
    }
  }

  #apply(group: Group, { resource, controller, file, value }: Limit): void {
    const refused = this.#switchOn(controller);
    if (refused !== null) {
      this.#tell(`${resource} has no effect: ${refused}`);
      return;
    }
    try {
      const above = dirname(group.folder);
      if (!words(above, "cgroup.subtree_control").includes(controller)) {
        write(above, "cgroup.subtree_control", `+${controller}`);
      }
      group.limit(file, value);
    } catch (error) {
      this.#tell(`${resource} has no effect: ${(error as Error).message}`);
    }
  }

  /** Why a controller is not there for our groups; null when it is. */
  #switchOn(controller: string): string | null {
    const known = this.#switched.get(controller);
    if (known !== undefined) return known;
    const refused = this.#trySwitchOn(controller);
    this.#switched.set(controller, refused);
    return refused;
  }

  #trySwitchOn(controller: string): string | null {
    const { folder } = this.#place;
    if (!words(folder, "cgroup.controllers").includes(controller)) {
      return `${folder} lacks the controller ${controller}`;
    }
    try {
      if (!words(folder, "cgroup.subtree_control").includes(controller)) {
        if (!this.#stepAside()) return `other processes are in ${folder}, which must be empty for that`;
        write(folder, "cgroup.subtree_control", `+${controller}`);
      }
      return null;
    } catch (error) {
      return (error as Error).message;
    }
  }

  /**
   * Leaves the own group for a leaf of it. Why: a group that hands controllers down must have no process itself, unless it
   * is the root. Source: cgroups(7), "no internal processes".
   */
  #stepAside(): boolean {
    const { folder } = this.#place;
    const isRoot = words(folder, "cgroup.type").length === 0;
    if (isRoot || this.#moved) return true;
    const others = (): readonly number[] =>
      words(folder, "cgroup.procs")
        .map(Number)
        .filter((pid) => pid !== process.pid);
    if (!others().every(descendsFromUs)) return false;
    mkdirSync(this.#leaf, { recursive: true });
    write(this.#leaf, "cgroup.procs", "0");
    this.#moved = true;
    // Those who were started a moment ago and are not in their groups yet. They fork meanwhile.
    for (let round = 0; round < MOST_ROUNDS && others().length > 0; round++) {
      for (const pid of others()) tryWrite(this.#leaf, "cgroup.procs", String(pid));
    }
    return true;
  }

  #refused({ message }: Error): void {
    this.#tell(`no control group can be made: ${message}`);
  }

  #tell(text: string): void {
    if (this.#noted.has(text)) return;
    this.#noted.add(text);
    this.#note(text);
  }
}

function descendsFromUs(pid: number): boolean {
  let at = pid;
  for (let i = 0; i < LONGEST_CHAIN && at > 1; i++) {
    at = readStat(at)?.ppid ?? process.pid;
    if (at === process.pid) return true;
  }
  return false;
}

/** A live supervisor's groups are left alone: one that it has just made is empty for a moment. */
function sweep(folder: string): void {
  for (const name of readdirSync(folder)) {
    const pid = Number(/^supervisor-(\d+)$/.exec(name)?.[1] ?? 0);
    if (pid > 0 && pid !== process.pid && libc.getsid(pid) < 0) removeGroups(join(folder, name));
  }
}

function words(folder: string, file: string): readonly string[] {
  try {
    return readFileSync(join(folder, file), "utf8")
      .split(/\s+/)
      .filter((word) => word !== "");
  } catch {
    // The root has no `cgroup.type`, and a hierarchy without controllers lacks other files.
    return [];
  }
}

function tryToRemove(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // ENOENT: it went with the rest. EBUSY: somebody is in it.
  }
}

function tryWrite(folder: string, file: string, text: string): void {
  try {
    write(folder, file, text);
  } catch {
    // ESRCH: it has ended.
  }
}

function write(folder: string, file: string, text: string): void {
  writeFileSync(join(folder, file), text);
}
