import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What is released; beside it may lie what a builder has not taken away yet. */
const RELEASED = /^supervisor-(?:(?:bun|deno)-linux-(?:x64|arm64)|.*\.tgz)$/;

/** Writes SHA256SUMS beside the files of a release. Source: sha256sum(1), so that `sha256sum -c` reads it. */
export function writeSums(folder: string): void {
  const names = readdirSync(folder).filter((name) => RELEASED.test(name));
  const sum = (name: string) =>
    createHash("sha256")
      .update(readFileSync(join(folder, name)))
      .digest("hex");
  writeFileSync(
    join(folder, "SHA256SUMS"),
    names
      .sort()
      .map((name) => `${sum(name)}  ${name}\n`)
      .join(""),
  );
}
