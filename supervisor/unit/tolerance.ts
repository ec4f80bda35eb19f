import type { Argv } from "./unit.ts";

const PREFIX = "-";

/** Whether a command of a unit may fail without any consequence. Shape: `["-/bin/rm", "x"]`. Source: systemd.service(5), ExecStartPre=. */
export function ignoresFailure([program]: Argv): boolean {
  return program.startsWith(PREFIX);
}

/** The command as it is executed. Shape: `["-/bin/rm", "x"]` → `["/bin/rm", "x"]`. */
export function withoutTolerance(argv: Argv): Argv {
  const [program, ...args] = argv;
  return ignoresFailure(argv) ? [program.slice(PREFIX.length), ...args] : argv;
}
