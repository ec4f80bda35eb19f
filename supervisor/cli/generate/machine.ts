import { accessSync, constants } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import process from "node:process";
import { programFolder } from "../../host/own-program.ts";

/** The runtime that this command runs on. */
export const ourRuntime = (): "bun" | "deno" => (process.versions.bun === undefined ? "deno" : "bun");

/** Looks where `bin.sh` looks: a runtime of the machine comes before the package's own. */
export function findProgram(name: string): string | null {
  const folders = [...(process.env.PATH ?? "").split(delimiter), join(programFolder, "../node_modules/.bin")];
  return folders.map((folder) => resolve(folder, name)).find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // Missing and forbidden are the same to us: we cannot run it.
  }
}
