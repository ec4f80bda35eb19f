import { mkdirSync, readdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { groupNameOf } from "./group-place.ts";
import { libc } from "./libc.ts";
import type { Limit } from "./limits.ts";
import { runtime } from "./runtime.ts";

const SIGKILL = 9;

/** One control group, which holds the processes of one invocation. */
export class Group {
  /** Whoever writes 0 into this file becomes a member. */
  readonly door: string;
  readonly folder: string;
  /** As /proc/PID/cgroup calls it. */
  readonly name: string;
  /** What it was given, or was to be given. */
  limits: readonly Limit[] = [];
  #id: bigint | null = null;

  /** There is no such group before it is made, unless another supervisor has made it. */
  constructor(folder: string, name: string) {
    this.folder = folder;
    this.name = name;
    this.door = join(folder, "cgroup.procs");
  }

  /** Errors: throws what the kernel refuses. */
  make(): void {
    mkdirSync(this.folder);
    this.#id = idOf(this.folder);
  }

  /** Makes it while the event loop goes on, with the folder above it. Errors: rejects with what the kernel refuses. */
  async makeAside(): Promise<void> {
    await runtime.makeFolderAside(this.folder);
    this.#id = idOf(this.folder);
  }

  /** Moves a process into it while the event loop goes on; whether that went well shows in `holds`. */
  async take(pid: number): Promise<void> {
    try {
      await runtime.writeAside(this.door, String(pid));
    } catch {
      // ESRCH: it has ended. ENOENT: the group was removed. Whatever else: the process stays where it is.
    }
  }

  /** Gives a limit. Shape: `("memory.max", "1048576")`. Errors: throws what the kernel refuses. */
  limit(file: string, value: string): void {
    writeFileSync(join(this.folder, file), value);
  }

  /** Whether a limit holds, as the kernel tells it. */
  hasLimit(file: string, value: string): boolean {
    return read(join(this.folder, file))?.trim() === value;
  }

  /** The members, in groups that they made below as well, zombies left out. */
  pids(): readonly number[] {
    return foldersFrom(this.folder).flatMap((folder) =>
      (read(join(folder, "cgroup.procs")) ?? "")
        .split("\n")
        .map(Number)
        .filter((pid) => pid > 0),
    );
  }

  isPopulated(): boolean {
    return /^populated 1$/m.test(read(join(this.folder, "cgroup.events")) ?? "");
  }

  /** Whether a process, be it a zombie, is a member. */
  holds(pid: number): boolean {
    const name = groupNameOf(pid);
    return name === this.name || name?.startsWith(`${this.name}/`) === true;
  }

  /** The same by the number that the kernel has for a group, which is the inode of its folder. */
  holdsId(id: bigint): boolean {
    this.#id ??= idOf(this.folder);
    if (id === this.#id) return true;
    return foldersFrom(this.folder).some((folder) => folder !== this.folder && idOf(folder) === id);
  }

  /** SIGKILL to all members at once, so that none can fork out of it. */
  kill(): void {
    try {
      writeFileSync(join(this.folder, "cgroup.kill"), "1");
    } catch {
      // Linux before 5.14 has no such file.
    }
    // It is sent to each main thread alone, and so does not reach those who have lost theirs.
    for (const pid of this.pids()) libc.kill(pid, SIGKILL);
  }

  /** Whether the out-of-memory killer took one of them. */
  hasLostToMemory(): boolean {
    const count = /^oom_kill (\d+)$/m.exec(read(join(this.folder, "memory.events")) ?? "")?.[1];
    return Number(count ?? 0) > 0;
  }

  /** Removes it, and those below it, while the event loop goes on. False as long as somebody is in it. */
  async remove(): Promise<boolean> {
    for (const each of foldersFrom(this.folder).toReversed()) {
      try {
        await runtime.removeFolderAside(each);
      } catch (error) {
        if (!isGone(error)) return false;
      }
    }
    return true;
  }
}

/** Removes a group and those below it that are empty; true when nothing is left of it. */
export function removeGroups(folder: string): boolean {
  for (const each of foldersFrom(folder).toReversed()) {
    try {
      rmdirSync(each);
    } catch (error) {
      if (!isGone(error)) return false;
    }
  }
  return true;
}

/** Somebody else has removed it. Else somebody is in it: EBUSY. */
function isGone(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}

/** A folder and all below it, parents first. */
export function foldersFrom(folder: string): readonly string[] {
  try {
    const below = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return [folder, ...below.flatMap(({ name }) => foldersFrom(join(folder, name)))];
  } catch {
    // It is gone.
    return [folder];
  }
}

function idOf(folder: string): bigint {
  return statSync(folder, { bigint: true, throwIfNoEntry: false })?.ino ?? 0n;
}

function read(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // The group or the process is gone, or the kernel has no such file.
    return null;
  }
}
