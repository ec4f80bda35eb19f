import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Built, refusalOf } from "./run.ts";
import { defineFlag, type Stamp } from "./stamp.ts";

/** The runtimes' own names of what they build for. Source: Bun's manual, "Supported targets"; `deno compile --help`. */
const platforms = {
  "bun-linux-x64": "bun-linux-x64",
  "bun-linux-arm64": "bun-linux-arm64",
  "deno-linux-x64": "x86_64-unknown-linux-gnu",
  "deno-linux-arm64": "aarch64-unknown-linux-gnu",
} as const;

export type Target = keyof typeof platforms;

export const targets = Object.keys(platforms) as readonly Target[];

export const isExecutableTarget = (name: string): name is Target => Object.hasOwn(platforms, name);

/**
 * Makes one file that holds the supervisor and its runtime. Errors: what the runtime's builder says; for a target other
 * than this machine's, and for every one of Deno's, it needs the network.
 */
export function compile(target: Target, out: string, stamp: Stamp): Built {
  const path = join(out, `supervisor-${target}`);
  const message = target.startsWith("bun") ? compileForBun(target, path, stamp) : compileForDeno(target, path, stamp);
  return message === null ? { ok: true, path } : { ok: false, message };
}

/** What lies in the working directory is the services' business: the supervisor is no other one where there is an `.env`. */
const BUN_FLAGS = [
  "--compile",
  "--bytecode",
  "--format=esm",
  "--no-compile-autoload-dotenv",
  "--no-compile-autoload-bunfig",
];

function compileForBun(target: Target, path: string, stamp: Stamp): string | null {
  const define = defineFlag(stamp, "executable");
  const place = [`--target=${platforms[target]}`, `--outfile=${path}`, "supervisor/main.ts"];
  return refusalOf(["bun", "build", ...BUN_FLAGS, define, ...place]);
}

/** Why a bundle first: `deno compile` would take along the whole of node_modules. */
function compileForDeno(target: Target, path: string, stamp: Stamp): string | null {
  const folder = mkdtempSync(join(tmpdir(), "supervisor-build-"));
  try {
    const define = defineFlag(stamp, "executable");
    const bundled = refusalOf([
      "bun",
      "build",
      "--target=node",
      "--splitting",
      define,
      `--outdir=${folder}`,
      "supervisor/main.ts",
    ]);
    if (bundled !== null) return bundled;
    const place = [`--target=${platforms[target]}`, `--output=${path}`, join(folder, "main.js")];
    return refusalOf(["deno", "compile", "--allow-all", "--quiet", "--no-config", ...place]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
