import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { InvocationId } from "../core/facts.ts";

/** A listener that was lent, by the number that the kernel has for it. */
export type Lent = Readonly<{ name: string; inode: number }>;

/** One invocation that was begun and not ended. `keeper`: for whom. Shape: `api@1`. */
export type Entry = Readonly<{ invocation: InvocationId; keeper: string; listeners: readonly Lent[] }>;

/**
 * The invocations that are alive, for whoever comes after this process was killed. A failure is noted once, and holds nothing up:
 * what is not in here is not found again.
 */
export interface Ledger {
  /** To be told before there is a process. */
  began(entry: Entry): void;
  ended(invocation: InvocationId): void;
}

/** How an invocation is called, and so its file. */
const INVOCATION = /^[0-9a-f]{32}$/;

/**
 * Keeps one file for each, called by its id: nothing to compact, and a torn one still says who it is.
 * Why no fsync: what a power cut takes with it has no processes either.
 */
export function createLedger(directory: string, note: (text: string) => void): Ledger {
  let wasNoted = false;
  const write = ({ invocation, keeper, listeners }: Entry): void => {
    const lines = [keeper, ...listeners.map(({ name, inode }) => `${name} ${inode}`)];
    writeFileSync(join(directory, invocation), `${lines.join("\n")}\n`, { mode: 0o600 });
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
    .map((invocation) => ({ invocation, ...parse(readFileSync(join(directory, invocation), "utf8")) }));
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    // There never was one.
    return [];
  }
}

/** A file that is empty was cut short. Shape: `api@1`, then lines such as `http 4711`. */
function parse(text: string): Omit<Entry, "invocation"> {
  const [keeper = "", ...lines] = text.trim().split("\n");
  const listeners = lines.flatMap((line): Lent[] => {
    const [name = "", inode = ""] = line.split(" ");
    return /^\d+$/.test(inode) ? [{ name, inode: Number(inode) }] : [];
  });
  return { keeper: keeper || "?", listeners };
}
