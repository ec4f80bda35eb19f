import { chmodSync, lstatSync, mkdtempSync, readlinkSync, rmdirSync, statfsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

/** `f_type` of tmpfs and ramfs. Source: statfs(2). */
const IN_MEMORY = [0x0102_1994, 0x8584_58f6];

/** A file system that lies in memory, and where we may make directories: /run for root, $XDG_RUNTIME_DIR, /dev/shm. Null: there is none. */
export function memoryPlace(environ: NodeJS.ProcessEnv): string | null {
  const isRoot = process.geteuid?.() === 0;
  const places = isRoot ? ["/run", "/dev/shm"] : [environ.XDG_RUNTIME_DIR ?? "", "/dev/shm"];
  return places.find(isInMemory) ?? null;
}

/** Makes a directory of a name that nobody can know before. Errors: throws what `node:fs` throws. */
export function makeDirectory(place: string, prefix: string, mode: number): string {
  const path = mkdtempSync(join(place, prefix));
  chmodSync(path, mode);
  return path;
}

/** Where the link of an earlier supervisor leads, when that is a directory of ours with this prefix. */
export function leftBy(link: string, prefix: string): string | null {
  try {
    const path = readlinkSync(link);
    const stat = lstatSync(path);
    return path.includes(`/${prefix}`) && stat.isDirectory() && stat.uid === process.geteuid?.() ? path : null;
  } catch {
    // No link, or what it leads to went with the machine's last start.
    return null;
  }
}

function isInMemory(path: string): boolean {
  try {
    if (path === "" || !IN_MEMORY.includes(statfsSync(path).type)) return false;
    if (!lstatSync(path).isDirectory()) return false;
    // Tried, since Deno's access() goes by the mode alone, and that of a read-only /run says nothing.
    rmdirSync(mkdtempSync(join(path, "supervisor-try-")));
    return true;
  } catch {
    // It is not there, or can only be read, as /run in a sandbox: then nothing can be put there.
    return false;
  }
}
