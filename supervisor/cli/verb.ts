import type { Run } from "./context.ts";

/** `value` names what the flag takes, and is absent when it takes nothing. */
export type Flag = Readonly<{ name: string; short?: string; value?: string; summary: string }>;

export type Verb = Readonly<{
  name: string;
  /** Shape: `[UNIT…]`, for the help. */
  operands: string;
  /** How many operands it takes. */
  least: number;
  most: number;
  flags: readonly Flag[];
  summary: string;
  /** For scripts of our own: neither the help nor a suggestion names it. */
  isHidden?: boolean;
  /** Each verb is a module of its own, so that none pays for another's packages. */
  load(): Promise<{ run: Run }>;
}>;

export const globalFlags: readonly Flag[] = [
  { name: "root", value: "DIR", summary: "where units/ and config/ are (default: the working directory)" },
  { name: "state", value: "DIR", summary: "where the socket and the logs are (default: ROOT/.supervisor)" },
  { name: "json", summary: "data as JSON" },
  { name: "quiet", short: "q", summary: "no line for what went well" },
  { name: "verbose", short: "v", summary: "more detail" },
  { name: "no-color", summary: "plain text; NO_COLOR says the same" },
  { name: "timeout", value: "SPAN", summary: "how long to wait, such as 30s or '1min 30s'" },
  { name: "help", short: "h", summary: "this help, or a verb's" },
  { name: "version", summary: "the version" },
];

export const noBlock: Flag = { name: "no-block", summary: "do not wait until it is done" };
export const several = { least: 0, most: Infinity, operands: "[UNIT…]" };
export const atLeastOne = { least: 1, most: Infinity, operands: "UNIT…" };
