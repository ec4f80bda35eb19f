import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Contender } from "./contender.ts";

const KEEPER = fileURLToPath(new URL("../services/bare-keeper.ts", import.meta.url));
const RUNTIMES = fileURLToPath(new URL("../../node_modules/.bin/", import.meta.url));

/** A keeper of ten lines on the runtimes that the supervisor runs on: nothing on them can be faster or smaller. */
export const bare: readonly Contender[] = [
  contender("ten lines on bun", () => [join(RUNTIMES, "bun"), KEEPER]),
  contender("ten lines on deno", () => [join(RUNTIMES, "deno"), "run", "--allow-all", "--quiet", KEEPER]),
  contender("ten lines, one executable", () => [compiled()]),
];

function contender(name: string, command: () => readonly string[]): Contender {
  return {
    name,
    missing: () => null,
    pause: "none",
    order(folder, programs) {
      const file = join(folder, "programs.json");
      writeFileSync(file, JSON.stringify(programs.map(({ argv }) => argv)));
      return { start: [...command(), file], status: command() };
    },
  };
}

let executable: string | null = null;

/** Made once for a run of the bench, as the supervisor's is made. */
function compiled(): string {
  if (executable !== null) return executable;
  const folder = mkdtempSync(join(tmpdir(), "sv-bare-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  executable = join(folder, "bare-keeper");
  const flags = ["--compile", "--bytecode", "--format=esm"];
  execFileSync(join(RUNTIMES, "bun"), ["build", ...flags, `--outfile=${executable}`, KEEPER], { stdio: "ignore" });
  return executable;
}
