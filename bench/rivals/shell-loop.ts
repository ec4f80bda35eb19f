import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Contender, Program } from "./contender.ts";
import { quoted } from "./quoted.ts";

/** The least that can be done: a shell for each program, which starts it again and again. What others cost is told in terms of it. */
export const shellLoop: Contender = {
  name: "a shell loop",
  missing: () => null,
  pause: "none",
  order(folder, programs) {
    const script = join(folder, "loops.sh");
    writeFileSync(script, `${programs.map(loop).join("\n")}\nwait\n`);
    return { start: ["sh", script] };
  },
};

const loop = ({ argv }: Program) => `while :; do ${quoted(argv)}; done &`;
