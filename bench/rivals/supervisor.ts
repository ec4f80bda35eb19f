import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { shellUnit } from "../../test/support/unit-text.ts";
import type { Contender, Program } from "./contender.ts";

const BIN = fileURLToPath(new URL("../../supervisor/bin.sh", import.meta.url));
const EXECUTABLE = fileURLToPath(new URL("../../dist/supervisor-bun-linux-x64", import.meta.url));
const PAUSE = 'restart_sec = "0", start_limit_burst = 0';

/** This project, started from its sources on one of the runtimes. */
export function fromSource(runtime: "bun" | "deno"): Contender {
  return contender(`supervisor on ${runtime}`, ["sh", BIN], { SUPERVISOR_RUNTIME: runtime }, () => null);
}

/** This project as the one file that `npm run build` makes. */
export const executable: Contender = contender("supervisor, one executable", [EXECUTABLE], {}, () =>
  existsSync(EXECUTABLE) ? null : "dist/supervisor-bun-linux-x64 is missing: npm run build -- bun-linux-x64",
);

function contender(
  name: string,
  command: readonly string[],
  environment: Readonly<Record<string, string>>,
  missing: () => string | null,
): Contender {
  return {
    name,
    missing,
    pause: PAUSE,
    order(folder, programs) {
      mkdirSync(join(folder, "units"));
      for (const program of programs) writeFileSync(join(folder, "units", `${program.name}.toml`), unitText(program));
      const verb = (...words: readonly string[]) => [...command, "--root", folder, ...words];
      return {
        start: verb("start"),
        status: verb("status"),
        environment: { ...environment, NO_COLOR: "1" },
        output: join(".supervisor", "logs"),
      };
    },
  };
}

function unitText({ argv }: Program): string {
  return shellUnit("", {
    service: {
      exec_start: JSON.stringify(argv),
      restart: '"always"',
      restart_sec: '"0"',
      start_limit_burst: "0",
    },
    output: { max_size: '"10M"', max_files: "1000" },
  });
}
