import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

/**
 * The least keeper that a runtime allows: starts the programs of a file, again and again, and says nothing of them. What it takes is the
 * runtime's own share of what the supervisor takes. `bare-keeper.ts FILE`; without a file it says one word, as a question would.
 */
const [file] = process.argv.slice(2);
if (file === undefined) console.log("here");
else for (const [program = "", ...args] of JSON.parse(readFileSync(file, "utf8")) as string[][]) keep(program, args);

function keep(program: string, args: readonly string[]): void {
  spawn(program, args, { stdio: "ignore" }).on("exit", () => keep(program, args));
}
