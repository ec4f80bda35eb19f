import { signalName } from "../../../unit/signal.ts";
import type { Flag, Verb } from "../../verb.ts";

/** What stands at a place of the command line, so that a shell can offer it. */
export type Wanted = Readonly<
  | { tag: "units" }
  | { tag: "folders" }
  | { tag: "files" }
  | { tag: "words"; words: readonly string[] }
  | { tag: "nothing" }
>;

/** Reads what a verb takes from its help. Shape: `SIGNAL UNIT…` → [words, units]; the last one holds for all that follow. */
export function wantedByVerb({ operands }: Verb, verbs: readonly Verb[]): readonly Wanted[] {
  return operands === "" ? [nothing] : operands.split(" ").map((operand) => ofOperand(operand, verbs));
}

/** Reads what a flag takes from its help. `null`: it takes no value. Shape: `ready|active|stopped` → words. */
export function wantedByFlag({ value }: Flag): Wanted | null {
  if (value === undefined) return null;
  if (value === "DIR") return { tag: "folders" };
  return /^[a-z|]+$/.test(value) ? { tag: "words", words: value.split("|") } : nothing;
}

const nothing: Wanted = { tag: "nothing" };
const LAST_SIGNAL = 31;

function ofOperand(operand: string, verbs: readonly Verb[]): Wanted {
  const word = operand.replace(/[[\]…]/g, "");
  if (word === "UNIT") return { tag: "units" };
  if (word === "PATH") return { tag: "files" };
  if (word === "VERB") return { tag: "words", words: verbs.map(({ name }) => name) };
  if (word === "SIGNAL") return { tag: "words", words: signals() };
  return /^[a-z|]+$/.test(word) ? { tag: "words", words: word.split("|") } : nothing;
}

function signals(): readonly string[] {
  const numbers = Array.from({ length: LAST_SIGNAL }, (_, at) => at + 1);
  return numbers.flatMap((number) => signalName(number)?.slice("SIG".length) ?? []);
}
