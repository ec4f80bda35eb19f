import { type Client, createClient } from "../control/client.ts";
import type { Settings } from "./arguments.ts";

/** What a verb is given: its settings, where to write, and whom to ask. */
export type Context = Settings &
  Readonly<{
    /** Columns and rows of the terminal, as they are now. `Infinity` when the output is none. */
    width(): number;
    rows(): number;
    now(): Date;
    /** Writes data to stdout, as it is. */
    out(text: string | Uint8Array): void;
    /** Writes a line of diagnostics to stderr. */
    err(line: string): void;
    client(): Client;
  }>;

/** One verb of the command line: does its work, gives the exit code. */
export type Run = (context: Context) => Promise<number>;

/** Joins settings to the process that runs them. */
export function createContext(settings: Settings): Context {
  const { stdout, stderr } = process;
  const isTerminal = stdout.isTTY === true;
  return {
    ...settings,
    colour: settings.colour && isTerminal,
    width: () => (isTerminal ? stdout.columns || 80 : Infinity),
    rows: () => (isTerminal ? stdout.rows || 24 : Infinity),
    now: () => new Date(),
    out: (text) => stdout.write(text),
    err: (line) => stderr.write(`${line}\n`),
    client: () => createClient(settings.stateDir, settings.timeoutMs ?? undefined),
  };
}
