import { existsSync, readFileSync, realpathSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { isBuilt, isExecutable } from "./build.ts";

const isBun = process.versions.bun !== undefined;
const flags = isBun ? ["--no-install"] : ["run", "--no-prompt", "--allow-all", "--quiet"];
/** Where the program's files are: in a build the main one alone is where it was written. An executable has none. */
export const programFolder: string = isBuilt ? dirname(process.argv[1] ?? "") : dirname(import.meta.dirname);

/**
 * What the command `supervisor` is here: `bin.sh`, or the executable, by the path that it was called by where that is known.
 * Why that path: a link that leads elsewhere by now leads to the next version.
 */
export const launcher: string = isExecutable
  ? calledPath(firstWord(), process.env.PATH ?? "")
  : join(programFolder, "bin.sh");

/** The words that start this very program once more, to be followed by those of the command line. */
export const again: readonly [string, ...string[]] = isExecutable
  ? [launcher]
  : [process.execPath, ...flags, process.argv[1] ?? ""];

/** `bin.sh` needs a shell, an executable nothing. */
export function launch(program: string): readonly [string, ...string[]] {
  return isExecutable ? [program] : ["/bin/sh", program];
}

/** What a script needs in its environment to be run by this process' own runtime. Source: Bun's manual, "Act as the Bun CLI". */
export const ownRuntimeEnvironment: Readonly<Record<string, string>> = isExecutable && isBun ? { BUN_BE_BUN: "1" } : {};

/** A runtime that is a whole one: the one in an executable of Deno has no command line of its own. */
export const ownRuntime: string | null = isExecutable && !isBun ? null : process.execPath;

/** The runtimes give what they make of it; the kernel gives the word itself. */
function firstWord(): string {
  try {
    return readFileSync("/proc/self/cmdline", "utf8").split("\0")[0] ?? "";
  } catch {
    return ""; // No /proc: the executable is known by its own path.
  }
}

function calledPath(word: string, path: string): string {
  const places = word.includes("/") ? [resolve(word)] : path.split(delimiter).map((folder) => resolve(folder, word));
  return places.find((place) => existsSync(place) && realpathSync(place) === process.execPath) ?? process.execPath;
}
