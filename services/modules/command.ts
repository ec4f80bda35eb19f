export const MODES = ["all-in-one", "api", "worker"] as const;
export type Mode = (typeof MODES)[number];

export const USAGE = `usage: main.ts run all-in-one|api|worker [--config DIR] [--set SECTION.KEY=VALUE]…`;

/** What the command line asks for. `configDir: null` means: `config`, if it is there. */
export type Command = Readonly<{ mode: Mode; configDir: string | null; overrides: readonly string[] }>;

/** Reads the command line, less the runtime and the script. Errors: a sentence that says what is wrong with it. */
export function readCommand(args: readonly string[]): Command | string {
  const [verb, mode, ...rest] = args;
  if (verb !== "run") return verb === undefined ? "what to do is missing" : `${verb} is not known`;
  if (!isMode(mode)) return mode === undefined ? "what to run is missing" : `${mode} cannot be run`;
  let configDir: string | null = null;
  const overrides: string[] = [];
  for (let at = 0; at < rest.length; at += 2) {
    const [flag, value] = [rest[at], rest[at + 1]];
    if (flag !== "--config" && flag !== "--set") return `${flag} is not known`;
    if (value === undefined) return `${flag} needs a value`;
    if (flag === "--set") overrides.push(value);
    else configDir = value;
  }
  return { mode, configDir, overrides };
}

const isMode = (text: string | undefined): text is Mode => (MODES as readonly (string | undefined)[]).includes(text);
