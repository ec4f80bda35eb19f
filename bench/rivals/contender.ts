/** One of those that keep programs running: how it is made to run some, so that all are measured by the same looks. */
export type Contender = Readonly<{
  name: string;
  /** What is missing on this machine, in words; null when it can be measured. */
  missing(): string | null;
  /** Writes what it wants to know into an empty folder. */
  order(folder: string, programs: readonly Program[]): Order;
  /** Its pause before a restart and how it was set, in words. */
  pause: string;
}>;

export type Program = Readonly<{ name: string; argv: readonly [string, ...string[]] }>;

/** Shape of `start`, `status`, `stop`: command lines. `start` may end at once, with the keeper behind it, if there is a `stop`. */
export type Order = Readonly<{
  start: readonly string[];
  environment?: Readonly<Record<string, string>>;
  /** Asks for the state of every program as a person would. */
  status?: readonly string[];
  stop?: readonly string[];
  /** Where the output of the programs goes, relative to the folder: a path of a file or of a folder of files. */
  output?: string;
}>;
