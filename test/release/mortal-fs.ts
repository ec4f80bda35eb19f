import * as real from "node:fs";

export * from "node:fs";

/**
 * `node:fs` as `supervisor/release` uses it, in a process that can be killed: at a deed, or halfway through one. Whoever is dead changes
 * nothing any more: every deed throws from then on, so that no `finally` puts anything right.
 */
export const mortality = {
  /** So many deeds are done, then it dies. */
  left: Number.POSITIVE_INFINITY,
  /** Of the last one, the half is done. */
  isHalf: false,
  isDead: false,
  /** Of each deed since, whether it can be half done. */
  done: [] as boolean[],
};

export class Killed extends Error {}

export function live(left = Number.POSITIVE_INFINITY, isHalf = false): void {
  Object.assign(mortality, { left, isHalf, isDead: false, done: [] });
}

function deed<A extends readonly unknown[], R>(whole: (...args: A) => R, half?: (...args: A) => void) {
  return (...args: A): R => {
    if (!mortality.isDead && mortality.left-- > 0) {
      mortality.done.push(half !== undefined);
      return whole(...args);
    }
    if (!mortality.isDead && mortality.isHalf) half?.(...args);
    mortality.isDead = true;
    throw new Killed("killed");
  };
}

const halved = (path: string): void => real.truncateSync(path, Math.floor(real.statSync(path).size / 2));

/** What of a folder is removed when there is no time for all of it. */
function removeHalf(path: string): void {
  if (!real.existsSync(path) || !real.lstatSync(path).isDirectory()) return;
  const names = real.readdirSync(path, { recursive: true, encoding: "utf8" }).sort().reverse();
  for (const name of names.slice(0, names.length / 2)) real.rmSync(`${path}/${name}`, { recursive: true });
}

export const mkdtempSync = deed((prefix: string) => real.mkdtempSync(prefix));
export const mkdirSync = deed((path: string, options?: real.MakeDirectoryOptions) => real.mkdirSync(path, options));
export const linkSync = deed(real.linkSync);
export const symlinkSync = deed(real.symlinkSync);
export const chmodSync = deed(real.chmodSync);
export const lchownSync = deed(real.lchownSync);
export const renameSync = deed(real.renameSync);
export const openSync = deed(real.openSync);
/** Only whether somebody dies before it: what a power cut loses is nothing that a test can see. */
export const fsyncSync = deed((_fd: number) => undefined);
export const writeSync = deed(
  (fd: number, bytes: Uint8Array) => real.writeSync(fd, bytes),
  (fd, bytes) => void real.writeSync(fd, bytes, 0, Math.floor(bytes.length / 2)),
);
export const writeFileSync = deed(
  (path: string, text: string, options?: real.WriteFileOptions) => real.writeFileSync(path, text, options),
  (path, text, options) => real.writeFileSync(path, text.slice(0, text.length / 2), options),
);
export const copyFileSync = deed(real.copyFileSync, (from, to, mode) => {
  real.copyFileSync(from, to, mode);
  halved(String(to));
});
export const rmSync = deed(
  (path: string, options?: real.RmOptions) => real.rmSync(path, options),
  (path, _options) => removeHalf(path),
);
/** As of `node:fs/promises`: done when it is called, so that the same thing happens each time. */
export async function rm(path: string, options?: real.RmOptions): Promise<void> {
  rmSync(path, options);
}
