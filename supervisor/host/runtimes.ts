import { findProgram } from "./program.ts";
import { runtime } from "./runtime.ts";

/** Where the runtimes of services are; null for one that this machine lacks. The supervisor's own is the very program that runs it. */
export function findRuntimes(
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<"bun" | "deno" | "node", string | null>> {
  const path = { PATH: env.PATH ?? "" };
  const find = (name: "bun" | "deno" | "node"): string | null => {
    if (runtime.version.startsWith(name)) return runtime.execPath;
    const found = findProgram(name, path, "/");
    return found.ok ? found.path : null;
  };
  return { bun: find("bun"), deno: find("deno"), node: find("node") };
}
