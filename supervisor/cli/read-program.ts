import { createRequire } from "node:module";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import type { Context } from "./context.ts";
import { exit } from "./exit.ts";

/**
 * Runs a configuration file that is a program and prints what it exports as JSON, behind a mark that tells it from what the file itself prints.
 * Why a verb of its own: a process can be given a time limit and be ended with all that the file has begun.
 */
export async function run({ args, err }: Context): Promise<number> {
  const [file = "", mark = ""] = args;
  process.chdir(dirname(file));
  try {
    const exported: unknown = await load(file);
    const text = JSON.stringify(await settled(exported)) ?? "null";
    await new Promise<void>((resolve) => process.stdout.write(`\n${mark}${text}\n`, () => resolve()));
  } catch (error) {
    err(error instanceof Error ? (error.stack ?? error.message) : String(error));
    process.exit(exit.failed);
  }
  // Timers and servers that the file has begun would keep the process.
  process.exit(exit.done);
}

/** As node does: `require` for CommonJS, `import` for modules, by what the file turns out to be. */
async function load(file: string): Promise<unknown> {
  if (!/\.[cm]?ts$|\.mjs$/.test(file)) {
    try {
      return createRequire(file)(file);
    } catch (error) {
      if (!isModule(error)) throw error;
    }
  }
  return import(pathToFileURL(file).href);
}

function isModule(error: unknown): boolean {
  const { code = "", message = "" } = error as NodeJS.ErrnoException;
  return /ERR_REQUIRE|ESM/.test(code) || /\bexport\b|\bimport\b|top-level await|async module|ES module/i.test(message);
}

async function settled(exported: unknown): Promise<unknown> {
  const inner =
    typeof exported === "object" && exported !== null && "default" in exported ? exported.default : exported;
  return typeof inner === "function" ? inner() : inner;
}
