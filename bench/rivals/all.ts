import { bare } from "./bare.ts";
import type { Contender } from "./contender.ts";
import { pm2 } from "./pm2.ts";
import { runScripts } from "./run-scripts.ts";
import { shellLoop } from "./shell-loop.ts";
import { executable, fromSource } from "./supervisor.ts";
import { supervisord } from "./supervisord.ts";

const contenders: readonly Contender[] = [
  fromSource("bun"),
  fromSource("deno"),
  executable,
  ...bare,
  shellLoop,
  ...runScripts,
  supervisord,
  pm2,
];

/** Whoever can be measured on this machine, in the order of the table; who cannot is named with what is missing. */
export function present(): readonly Contender[] {
  return contenders.filter((contender) => {
    const missing = contender.missing();
    if (missing !== null) console.error(`not measured: ${contender.name}: ${missing}`);
    return missing === null;
  });
}
