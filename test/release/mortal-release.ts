import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const own = fileURLToPath(new URL("../../supervisor/", import.meta.url));
const mortalFs = fileURLToPath(new URL("./mortal-fs.ts", import.meta.url));

export type MortalRelease = Readonly<
  typeof import("../../supervisor/release/make.ts") & typeof import("../../supervisor/release/shelf.ts")
>;

/** The code of `supervisor/release` as it is, but for the file system below it: that can be told when its process dies. */
export async function loadMortal(): Promise<MortalRelease> {
  const folder = mkdtempSync(join(tmpdir(), "sv-mortal-"));
  try {
    mkdirSync(folder, { recursive: true });
    for (const name of readdirSync(join(own, "release"))) {
      const text = readFileSync(join(own, "release", name), "utf8")
        .replaceAll(/from "node:fs(?:\/promises)?"/g, `from ${JSON.stringify(mortalFs)}`)
        .replaceAll('from "../', `from "${own}`);
      writeFileSync(join(folder, name), text);
    }
    return { ...(await import(join(folder, "make.ts"))), ...(await import(join(folder, "shelf.ts"))) } as MortalRelease;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
