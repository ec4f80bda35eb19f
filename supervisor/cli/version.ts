import manifest from "../../package.json" with { type: "json" };
import type { Context } from "./context.ts";
import { exit } from "./exit.ts";

/** Prints the version and what it runs on. */
export async function run(context: Context): Promise<number> {
  const { version } = manifest;
  const { bun, deno } = process.versions;
  const runtime = bun === undefined ? `deno ${deno}` : `bun ${bun}`;
  const platform = `${process.platform} ${process.arch}`;
  if (context.json) context.out(`${JSON.stringify({ version, runtime, platform })}\n`);
  else context.out(`supervisor ${version} (${runtime}, ${platform})\n`);
  return exit.done;
}
