import { readFileSync } from "node:fs";
import { type Command, type CommandContext, command, environmentFilePaths } from "../unit/command.ts";
import type { Outcome } from "../unit/fault.ts";
import type { Unit } from "../unit/unit.ts";
import { loginOf } from "./account.ts";

/** Makes the command line of one instance, with its environment files as they are at this moment. */
export function commandOf(
  context: Omit<CommandContext, "instance" | "login">,
): (unit: Unit, instance: number) => Outcome<Command> {
  return (unit, instance) => {
    const here = { ...context, instance, login: loginOf(unit.service.user) };
    const paths = environmentFilePaths(unit, here);
    if (!paths.ok) return paths;
    return command(unit, { ...here, environmentFiles: paths.value.map(({ path }) => ({ path, text: read(path) })) });
  };
}

function read(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // A file that is missing or unreadable is a fault of the unit, unless it is optional: `command` says which.
    return null;
  }
}
