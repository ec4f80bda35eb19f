import { readFileSync } from "node:fs";
import { join } from "node:path";
import manifest from "../package.json" with { type: "json" };
import { releaseNotes } from "./build/notes.ts";
import { project } from "./build/run.ts";

/** Prints what the changelog says of a release: `bun .ci/notes.ts v0.1.0`. Exit code 1 when the tag, the version and the changelog differ. */
function main([tag = ""]: readonly string[]): number {
  const changelog = readFileSync(join(project, "CHANGELOG.md"), "utf8");
  const notes = releaseNotes(changelog, tag, manifest.version);
  if (notes.ok) process.stdout.write(notes.text);
  else console.error(`notes: ${notes.message}`);
  return notes.ok ? 0 : 1;
}

process.exitCode = main(process.argv.slice(2));
