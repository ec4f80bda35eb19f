import type { Generated } from "../../generate/generated.ts";
import type { Fault } from "../../unit/fault.ts";
import type { Unit } from "../../unit/unit.ts";
import type { Context } from "../context.ts";

/** What this verb uses of its context. */
export type Asked = Pick<Context, "root" | "stateDir" | "args" | "flags" | "json" | "quiet" | "out" | "err">;

/** A program that looks at the files, in the folder that they lie in. `isSilent`: whatever it prints is a complaint. */
export type Check = Readonly<{ argv: readonly [string, ...string[]]; isSilent: boolean }>;

/** What the files are made from. The text of a flag that cannot be read, or what is wrong with the project. */
export type Refusal = Readonly<{ refused: "flag"; message: string } | { refused: "project"; faults: readonly Fault[] }>;

/** Makes the files of units. */
export type Writer = (units: readonly Unit[]) => Generated | Refusal;

/** One kind of deployment files. */
export type Kind = Readonly<{
  /** Its own flags, beside `--out` and `--verify`. */
  flags: readonly string[];
  /** Reads the flags, and what else there is besides the units. */
  prepare(context: Asked): Promise<Writer | Refusal>;
  /** Of the files by name, as `--verify` has them looked at. */
  checks(names: readonly string[], context: Asked): readonly Check[];
}>;

export const isRefusal = (made: object): made is Refusal => "refused" in made;

export const flagRefusal = (message: string): Refusal => ({ refused: "flag", message });
