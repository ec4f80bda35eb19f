import type { Context } from "./context.ts";
import { exit } from "./exit.ts";
import { runOrder } from "./order.ts";

/** Changes the number of instances. Shape: `scale worker 4`, `scale worker +1`, `scale worker -2`. */
export async function run(context: Context): Promise<number> {
  const [unit = "", text = ""] = context.args;
  const [, sign, digits] = /^([+-]?)(\d{1,4})$/.exec(text) ?? [];
  if (digits === undefined) {
    context.err(`supervisor scale: '${text}' is no number of instances; write N, +N or -N`);
    return exit.usage;
  }
  if (sign === "" && Number(digits) === 0) {
    context.err(`supervisor scale: 0 is too few; to have none: supervisor stop ${unit}`);
    return exit.usage;
  }
  const count = Number(digits) * (sign === "-" ? -1 : 1);
  return runOrder(context, { tag: "scale", units: [unit], count, relative: sign !== "" });
}
