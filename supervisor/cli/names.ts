import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import type { Context } from "./context.ts";
import { exit } from "./exit.ts";

/** Prints the names of all units, one a line, for the shell to complete: the running daemon's, else those on disk. Never says a word on stderr. */
export async function run({ client, root, out }: Context): Promise<number> {
  const reply = await client().status();
  const names = reply.tag === "ok" ? reply.value.units.map((unit) => unit.name) : onDisk(join(root, "units"));
  for (const name of names) out(`${name}\n`);
  return exit.done;
}

function onDisk(folder: string): readonly string[] {
  try {
    const files = readdirSync(folder).filter((name) => name.endsWith(".toml"));
    return files.map((name) => basename(name, ".toml")).sort();
  } catch {
    return []; // No folder, no names: a shell that completes must not be told of it.
  }
}
