import { mkdirSync, readdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { libc } from "./libc.ts";

const SIGKILL = 9;

/** One control group, which holds the processes of one invocation. */
export class Group {
  /** Whoever writes 0 into this file becomes a member. */
  readonly door: string;
  readonly #folder: string;
  readonly #name: string;
  readonly #id: bigint;

  /** Makes the folder. Errors: throws what the kernel refuses. `name`: as /proc/PID/cgroup calls it. */
  constructor(folder: string, name: string) {
    mkdirSync(folder);
    this.#folder = folder;
    this.#name = name;
    this.#id = idOf(folder);
    this.door = join(folder, "cgroup.procs");
  }

  /** Gives a limit. Shape: `("memory.max", "1048576")`. Errors: throws what the kernel refuses. */
  limit(file: string, value: string): void {
    writeFileSync(join(this.#folder, file), value);
  }

  /** The members, in groups that they made below as well, zombies left out. */
  pids(): readonly number[] {
    return foldersFrom(this.#folder).flatMap((folder) =>
      (read(join(folder, "cgroup.procs")) ?? "")
        .split("\n")
        .map(Number)
        .filter((pid) => pid > 0),
    );
  }

  isPopulated(): boolean {
    return /^populated 1$/m.test(read(join(this.#folder, "cgroup.events")) ?? "");
  }

  /** Whether a process, be it a zombie, is a member. */
  holds(pid: number): boolean {
    const name = /^0::(.*)$/m.exec(read(`/proc/${pid}/cgroup`) ?? "")?.[1];
    return name === this.#name || name?.startsWith(`${this.#name}/`) === true;
  }

  /** The same by the number that the kernel has for a group, which is the inode of its folder. */
  holdsId(id: bigint): boolean {
    if (id === this.#id) return true;
    return foldersFrom(this.#folder).some((folder) => folder !== this.#folder && idOf(folder) === id);
  }

  /** SIGKILL to all members at once, so that none can fork out of it. */
  kill(): void {
    try {
      writeFileSync(join(this.#folder, "cgroup.kill"), "1");
    } catch {
      // Linux before 5.14 has no such file.
      for (const pid of this.pids()) libc.kill(pid, SIGKILL);
    }
  }

  /** Whether the out-of-memory killer took one of them. */
  hasLostToMemory(): boolean {
    const count = /^oom_kill (\d+)$/m.exec(read(join(this.#folder, "memory.events")) ?? "")?.[1];
    return Number(count ?? 0) > 0;
  }

  /** False as long as somebody is in it. */
  remove(): boolean {
    return removeGroups(this.#folder);
  }
}

/** Removes a group and those below it that are empty; true when nothing is left of it. */
export function removeGroups(folder: string): boolean {
  for (const each of foldersFrom(folder).toReversed()) {
    try {
      rmdirSync(each);
    } catch (error) {
      // EBUSY: somebody is in it. ENOENT: somebody else has removed it.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") return false;
    }
  }
  return true;
}

/** A folder and all below it, parents first. */
function foldersFrom(folder: string): readonly string[] {
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
