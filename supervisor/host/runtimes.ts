import { ownRuntime, ownRuntimeEnvironment } from "./own-program.ts";
import { findProgram } from "./program.ts";
import { runtime } from "./runtime.ts";

type Name = "bun" | "deno" | "node";

/** What the commands of units need to know of the runtimes. */
export type Runtimes = Readonly<{
  /** Null for one that this machine lacks. The supervisor's own is the very program that runs it, where that is a whole runtime. */
  runtimePaths: Readonly<Record<Name, string | null>>;
  self: "bun" | "deno";
  selfEnvironment: Readonly<Record<string, string>>;
}>;

const self = runtime.version.startsWith("bun") ? "bun" : "deno";

/** Finds the runtimes of services. */
export function runtimesHere(env: Readonly<Record<string, string | undefined>>): Runtimes {
  const path = { PATH: env.PATH ?? "" };
  const find = (name: Name): string | null => {
    if (name === self && ownRuntime !== null) return ownRuntime;
    const found = findProgram(name, path, "/");
    return found.ok ? found.path : null;
  };
  const runtimePaths = { bun: find("bun"), deno: find("deno"), node: find("node") };
  return { runtimePaths, self, selfEnvironment: ownRuntimeEnvironment };
}
