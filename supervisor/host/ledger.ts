import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { InvocationId } from "../core/facts.ts";
import { replaceFile } from "./replace-file.ts";

/** A listener that was lent, by the number that the kernel has for it. */
export type Lent = Readonly<{ name: string; inode: number }>;

/** One invocation that was begun and not ended: what it takes to find its processes, and to go on with them. */
export type Entry = Readonly<{
  invocation: InvocationId;
  /** For whom. Shape: `api@1`. */
  keeper: string;
  listeners: readonly Lent[];
  /** The process that was started, once it was: a pid is its own from then on. */
  leader: Readonly<{ pid: number; startTicks: number }> | null;
  /** Where it reports. */
  notifyPath: string | null;
  /** How many descriptors it may store. */
  storeMax: number;
  /** The user that it runs as, when that is somebody else than ourselves. */
  uid: number | null;
  /** What its output goes to. Shape: `pipe:[4711]`. */
  pipes: readonly string[];
  /** Its control group. */
  group: Readonly<{ folder: string; name: string }> | null;
}>;

/**
 * The invocations that are alive, for whoever comes after this process was killed. A failure is noted once, and holds nothing up:
 * what is not in here is not found again.
 */
export interface Ledger {
  /** To be told before there is a process, and again with what was not known then. */
  began(entry: Entry): void;
  ended(invocation: InvocationId): void;
}

/** How an invocation is called, and so its file. That of a command has its kind behind it; a draft of a file is none. */
const INVOCATION = /^[0-9a-f]{32}(\.(?!new$)[a-z-]+)?$/;
const DRAFT = /^[0-9a-f]{32}(\.[a-z-]+)?\.new$/;

/**
 * Keeps one file for each, called by its id: nothing to compact, and a torn one still says who it is.
 * Why no fsync: what a power cut takes with it has no processes either.
 */
export function createLedger(directory: string, note: (text: string) => void): Ledger {
  let wasNoted = false;
  const write = ({ invocation, ...rest }: Entry): void => {
    replaceFile(join(directory, invocation), `${JSON.stringify(rest)}\n`);
  };
  return {
    began(entry) {
      try {
        try {
          write(entry);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
          mkdirSync(directory, { recursive: true, mode: 0o700 });
          write(entry);
        }
        wasNoted = false;
      } catch (error) {
        if (!wasNoted) note(`who runs cannot be written down: ${(error as Error).message}`);
        wasNoted = true;
      }
    },
    ended(invocation) {
      try {
        rmSync(join(directory, invocation), { force: true });
      } catch {
        // What cannot be removed names a life of which nobody will be found.
      }
    },
  };
}

/** Who was alive when the last one to write here ended. */
export function readLedger(directory: string): readonly Entry[] {
  return namesIn(directory)
    .filter((name) => INVOCATION.test(name))
    .map((invocation) => ({ ...unknown, ...parse(join(directory, invocation)), invocation }));
}

/** Removes what was cut off in the middle of its writing: what it was to replace still holds. */
export function dropDrafts(directory: string): void {
  for (const name of namesIn(directory).filter((each) => DRAFT.test(each)))
    rmSync(join(directory, name), { force: true });
}

/** Of whom nothing is known but that he is. */
const unknown = {
  keeper: "?",
  listeners: [],
  leader: null,
  notifyPath: null,
  storeMax: 0,
  uid: null,
  pipes: [],
  group: null,
} as const;

/** The names in a directory; none of one that is not there. */
export function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    // There never was one, or it has just been removed.
    return [];
  }
}

/** What one of ours has written there; nothing of a file that was cut short or is somebody else's. */
function parse(path: string): Partial<Entry> {
  try {
    const read: unknown = JSON.parse(readFileSync(path, "utf8"));
    return typeof read === "object" && read !== null && typeof (read as Entry).keeper === "string" ? read : {};
  } catch {
    return {};
  }
}
