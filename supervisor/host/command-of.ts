import { readFileSync } from "node:fs";
import {
  type Command,
  type CommandContext,
  command,
  commandLine,
  environmentFilePaths,
  type Line,
} from "../unit/command.ts";
import { type Outcome, ok } from "../unit/fault.ts";
import { rootOf } from "../unit/release.ts";
import type { Unit } from "../unit/unit.ts";
import { loginOf } from "./account.ts";

type Given = Omit<CommandContext, "instance" | "login" | "extra">;
type Extra = CommandContext["extra"];

/** Makes the command line of one instance, with its environment files as they are at this moment. */
export function commandOf(context: Given): (unit: Unit, instance: number, extra?: Extra) => Outcome<Command> {
  return (unit, instance, extra) => {
    const here = now({ ...context, instance, extra }, unit);
    return here.ok ? command(unit, here.value) : here;
  };
}

/** Makes one of the other commands of an instance (`exec_start_pre` and its like), in the same way. */
export function commandLineOf(context: Given): (unit: Unit, instance: number, line: Line) => Outcome<Command> {
  return (unit, instance, line) => {
    const here = now({ ...context, instance, extra: line.extra }, unit);
    return here.ok ? commandLine(unit, here.value, line) : here;
  };
}

function now(context: CommandContext, unit: Unit): Outcome<Parameters<typeof command>[1]> {
  const here = { ...context, root: rootOf(unit.release, context), login: loginOf(unit.service.user) };
  const paths = environmentFilePaths(unit, here);
  if (!paths.ok) return paths;
  return ok({ ...here, environmentFiles: paths.value.map(({ path }) => ({ path, text: read(path) })) });
}

function read(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // A file that is missing or unreadable is a fault of the unit, unless it is optional: `command` says which.
    return null;
  }
}
