import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { Generated } from "../../generate/generated.ts";
import { exit } from "../exit.ts";
import type { Asked, Check } from "./kind.ts";

/** Writes or prints the files, then says what is missing in them. */
export function deliver({ flags, json, quiet, out, err }: Asked, { files, losses }: Generated): void {
  if (typeof flags.out === "string") {
    for (const path of writeFiles(resolve(flags.out), files)) if (!quiet) out(`${path}\n`);
  } else if (json) {
    out(`${JSON.stringify({ files: Object.fromEntries(files), not_carried_over: losses }, null, 2)}\n`);
  } else {
    for (const [name, text] of files) out(`# ==== ${name}\n${text}\n`);
  }
  if (!quiet) for (const { unit, key, why } of losses) err(`${unit}: ${key}: ${why}`);
}

function writeFiles(folder: string, files: ReadonlyMap<string, string>): readonly string[] {
  return [...files].map(([name, text]) => {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  });
}

const LIMIT_MS = 60_000;

/** Has programs look at the files in a folder of its own, so that what lay in `--out` before has no say. Gives the exit code. */
export function verify(kind: string, files: Generated["files"], checks: readonly Check[], err: Asked["err"]): number {
  const folder = mkdtempSync(join(tmpdir(), "supervisor-verify-"));
  try {
    writeFiles(folder, files);
    let isFit = true;
    for (const { argv, isSilent } of checks) {
      const [program, ...args] = argv;
      const answer = spawnSync(program, args, { cwd: folder, encoding: "utf8", timeout: LIMIT_MS });
      const isMissing = answer.error !== undefined;
      const said = isMissing ? "" : `${isSilent ? answer.stdout : ""}${answer.stderr}`;
      const found = said.replaceAll(`${folder}/`, "").replaceAll(/^\.\//gm, "").trim();
      const isGood = answer.status === 0 && !(isSilent && found !== "");
      if (isMissing) err(`generate ${kind}: not verified: ${program} cannot be run: ${answer.error?.message}`);
      else if (!isGood) err(found === "" ? `${argv.join(" ")}: exit code ${answer.status}` : found);
      isFit &&= isGood;
      if (isMissing) break;
    }
    return isFit ? exit.done : exit.failed;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
