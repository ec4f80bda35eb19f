import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export const project = join(import.meta.dirname, "../..");

/** Makes a folder a project that has the two packages which the programs of the manual import. */
export function installPackages(folder: string): void {
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(project, join(folder, "node_modules/supervisor"));
  for (const name of ["hono", "@types"])
    symlinkSync(join(project, "node_modules", name), join(folder, "node_modules", name));
  const dependencies = { supervisor: `file:${project}`, hono: "*" };
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module", dependencies }));
}
