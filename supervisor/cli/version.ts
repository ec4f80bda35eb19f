import manifest from "../../package.json" with { type: "json" };
import { build } from "../host/build.ts";
import type { Context } from "./context.ts";
import { exit } from "./exit.ts";

/** Prints the version, what it runs on, and which build it is. */
export async function run(context: Context): Promise<number> {
  const { version } = manifest;
  const { bun, deno } = process.versions;
  const runtime = bun === undefined ? `deno ${deno}` : `bun ${bun}`;
  const platform = `${process.platform} ${process.arch}`;
  const { commit, built_at, form } = build();
  if (context.json) context.out(`${JSON.stringify({ version, runtime, platform, commit, built_at, form })}\n`);
  else {
    const facts = [`supervisor ${version} (${runtime}, ${platform})`, commit && `commit ${commit}`];
    context.out(`${[...facts, built_at && `built ${built_at}`].filter(Boolean).join("\n")}\n`);
  }
  return exit.done;
}
