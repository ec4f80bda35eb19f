import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** More than `doctor` calls too little. */
const SIZE_MIB = 24;

/** A file system of its own at a path, in memory. */
export type SmallDisk = Readonly<{
  /** Leaves not a byte free. */
  fill(): void;
  /** Takes away what `fill` put there. */
  free(): void;
  /** Lets nothing be opened for writing any more, whoever asks; what is open stays so. `end` takes that back. */
  readOnly(): Readonly<{ end(): void }>;
}>;

/** Why no file system can be mounted here; null when one can. */
export const mountRefusal: string | null = findRefusal();

/** Makes the directory a small disk, lends that, and takes it away again. `options`: more of mount's, with a comma before each. */
export async function withSmallDisk(
  path: string,
  use: (disk: SmallDisk) => Promise<void>,
  options = "",
): Promise<void> {
  mkdirSync(path, { recursive: true });
  mount("-t", "tmpfs", "-o", `size=${SIZE_MIB}m,mode=0700${options}`, "tmpfs", path);
  const filler = join(path, "filler");
  try {
    await use({
      fill: () => fill(filler),
      free: () => rmSync(filler),
      readOnly() {
        mount("--bind", path, path);
        mount("-o", "remount,bind,ro", path);
        return { end: () => unmount(path) };
      },
    });
  } finally {
    // Whatever is mounted on it goes first.
    while (unmount(path));
    rmSync(path, { recursive: true, force: true });
  }
}

function fill(path: string): void {
  for (const sizeBytes of [1024 * 1024, 4096]) {
    const block = new Uint8Array(sizeBytes);
    try {
      for (;;) writeFileSync(path, block, { flag: "a" });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    }
  }
}

function mount(...args: readonly string[]): void {
  const { status, stderr, error } = spawnSync("mount", args, { encoding: "utf8", timeout: 5_000 });
  if (status !== 0) throw new Error(`mount ${args.join(" ")}: ${error?.message ?? stderr.trim()}`);
}

/** False: nothing is mounted there. */
function unmount(path: string): boolean {
  return spawnSync("umount", ["--lazy", path], { timeout: 5_000 }).status === 0;
}

function findRefusal(): string | null {
  const path = mkdtempSync(join(tmpdir(), "sv-mount-"));
  try {
    mount("-t", "tmpfs", "tmpfs", path);
    unmount(path);
    return null;
  } catch (error) {
    return (error as Error).message;
  } finally {
    rmdirSync(path);
  }
}
