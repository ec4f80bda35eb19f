import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";

/**
 * What a supervisor writes in place in its state directory. What is replaced as a whole takes a link's place (`replace-file.ts`), and
 * `credentials` and `run` are links by design: see `credentials.ts` and `runtime-dir.ts`.
 */
const FILES = [
  "supervisor.lock",
  "supervisor.pid",
  "supervisor.pid.new",
  "supervisor.log",
  "control.sock",
  "control.token",
];
const FOLDERS = ["logs", "history", "accepted"];

/**
 * The symbolic links among what is written in a state directory, and in the folders in it.
 * Why: what is written through one ends up in somebody else's file.
 */
export function linksIn(stateDir: string): readonly string[] {
  const folders = FOLDERS.map((name) => join(stateDir, name));
  const inside = folders.filter(isFolder).flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
  return [...FILES.map((name) => join(stateDir, name)), ...folders, ...inside].filter(isLink);
}

export function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

function isFolder(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
