import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Contender } from "./contender.ts";
import { quoted } from "./quoted.ts";

/** The least that can be done with what a program prints: `cat` into one file. Only for one program. */
export const cat: Contender = {
  name: "cat into one file",
  missing: () => null,
  pause: "never started again",
  order(folder, programs) {
    const [program] = programs;
    mkdirSync(join(folder, "logs"));
    const line = `${quoted(program?.argv ?? [])} | cat > ${join(folder, "logs", "out.log")}`;
    return { start: ["sh", "-c", line], output: "logs" };
  },
};
