import { nearest } from "../unit/nearest.ts";
import type { Context } from "./context.ts";
import { exit } from "./exit.ts";

/** One of the verb's own verbs. `least` and `most`: how many operands it takes. */
type Part = Readonly<{
  operands: string;
  least: number;
  most: number;
  load(): Promise<{ run: (context: Context, operands: readonly string[]) => Promise<number> }>;
}>;

const parts: Readonly<Record<string, Part>> = {
  encrypt: { operands: "IN OUT", least: 2, most: 2, load: () => import("./creds/encrypt.ts") },
  decrypt: { operands: "IN [OUT]", least: 1, most: 2, load: () => import("./creds/decrypt.ts") },
  list: { operands: "", least: 0, most: 0, load: () => import("./creds/list.ts") },
  rotate: { operands: "", least: 0, most: 0, load: () => import("./creds/rotate.ts") },
  rekey: { operands: "[FILE…]", least: 0, most: Infinity, load: () => import("./creds/rekey.ts") },
};

/** `supervisor creds encrypt|decrypt|list|rotate|rekey`. */
export async function run(context: Context): Promise<number> {
  const [what = "", ...operands] = context.args;
  const part = parts[what];
  if (part === undefined) {
    const near = nearest(what, Object.keys(parts));
    const hint = near === null ? "" : `; did you mean '${near}'?`;
    context.err(`supervisor creds: must be encrypt, decrypt, list, rotate or rekey, got '${what}'${hint}`);
    return exit.usage;
  }
  if (operands.length < part.least || operands.length > part.most) {
    context.err(`usage: supervisor creds ${what} ${part.operands}`.trimEnd());
    return exit.usage;
  }
  const { run: runPart } = await part.load();
  return runPart(context, operands);
}
