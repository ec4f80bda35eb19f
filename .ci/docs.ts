import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { schemaOf } from "../supervisor/cli/schema.ts";
import { project } from "./build/run.ts";
import { withReference } from "./docs/unit-file.ts";

const docs = join(project, "docs");

/** Writes what the manual has from the code: `npm run docs`. */
async function main(): Promise<void> {
  const page = join(docs, "unit-file.md");
  writeFileSync(page, withReference(readFileSync(page, "utf8")));
  for (const name of ["unit", "config"])
    writeFileSync(join(docs, "schema", `${name}.json`), `${JSON.stringify(await schemaOf(name), null, 2)}\n`);
}

await main();
