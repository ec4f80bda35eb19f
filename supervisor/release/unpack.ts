import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { Untakeable } from "./walk.ts";

const UNPACK_LIMIT_MS = 600_000;

/**
 * Unpacks an archive into a folder that is made for it, and gives where the root in it is: itself, or the one folder that everything
 * in it lies in, as archives of git and npm have it.
 * Errors: throws Untakeable with what `tar` says. Source: tar(1); it takes no path that leads out of the folder.
 */
export function unpack(archive: string, folder: string): string {
  mkdirSync(folder, { recursive: true });
  const args = ["-x", "-f", archive, "-C", folder, "--no-same-owner"];
  const { status, stderr, error } = spawnSync("tar", args, { encoding: "utf8", timeout: UNPACK_LIMIT_MS });
  if (error) throw new Untakeable(`${archive} cannot be unpacked: tar: ${error.message}`);
  if (status !== 0) throw new Untakeable(`${archive} cannot be unpacked: ${stderr.trim().split("\n").at(-1)}`);
  const [only, ...others] = readdirSync(folder);
  if (only === undefined || others.length > 0 || existsSync(join(folder, "units"))) return folder;
  const inner = join(folder, only);
  return statSync(inner).isDirectory() ? inner : folder;
}
