export const MODES = ["all-in-one", "api", "worker"] as const;
export type Mode = (typeof MODES)[number];

export const USAGE = `usage: main.ts run all-in-one|api|worker [--watch] [--config DIR] [--set SECTION.KEY=VALUE]…`;

/** What the command line asks for. `configDir: null` means: `config`, if it is there. `watch`: a changed file is taken at once. */
export type Command = Readonly<{
  mode: Mode;
  watch: boolean;
  configDir: string | null;
  overrides: readonly string[];
}>;

/** Reads the command line, less the runtime and the script. Errors: a sentence that says what is wrong with it. */
export function readCommand(args: readonly string[]): Command | string {
  const [verb, mode, ...rest] = args;
  if (verb !== "run") return verb === undefined ? "what to do is missing" : `${verb} is not known`;
  if (!isMode(mode)) return mode === undefined ? "what to run is missing" : `${mode} cannot be run`;
  let watch = false;
  let configDir: string | null = null;
  const overrides: string[] = [];
  const flags = rest.values();
  for (const flag of flags) {
    if (flag === "--watch") {
      watch = true;
      continue;
    }
    if (flag !== "--config" && flag !== "--set") return `${flag} is not known`;
    const { value } = flags.next();
    if (value === undefined) return `${flag} needs a value`;
    if (flag === "--set") overrides.push(value);
    else configDir = value;
  }
  return { mode, watch, configDir, overrides };
}

const isMode = (text: string | undefined): text is Mode => (MODES as readonly (string | undefined)[]).includes(text);
