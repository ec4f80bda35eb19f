import { closeSync, constants, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import type { StateFile } from "../daemon/ports.ts";
import { cString, libc } from "./libc.ts";
import { reasonOf } from "./reason.ts";
import { replaceFile } from "./replace-file.ts";

const F_OK = 0;
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_NOFOLLOW;

/** The real one: it is held open, since it is written to in every turn. */
export type HostStateFile = StateFile &
  Readonly<{
    /** An orderly end leaves nothing. */
    remove(): void;
  }>;

/**
 * Why no fsync: what a power cut takes with it has no processes either, and what a killed process has written stays in the kernel.
 */
export function createStateFile(path: string): HostStateFile {
  const place = cString(path);
  let fd: number | null = null;
  const close = (): void => {
    if (fd !== null) closeSync(fd);
    fd = null;
  };
  const attempt = (action: () => void): string | null => {
    try {
      action();
      return null;
    } catch (error) {
      return `${path}: ${reasonOf(error)}`;
    }
  };
  return {
    append: (text) =>
      attempt(() => {
        // Whoever removes it while we write takes what was written with it: all of it is to be written again.
        if (libc.access(place, F_OK) < 0) throw Object.assign(new Error("it is gone"), { code: "ENOENT" });
        fd ??= openSync(path, APPEND, 0o600);
        const bytes = Buffer.from(text);
        if (writeSync(fd, bytes) < bytes.length) throw new Error("only a part of it could be written");
      }),
    replace: (text) =>
      attempt(() => {
        close();
        replaceFile(path, text);
      }),
    remove() {
      close();
      rmSync(path, { force: true });
      rmSync(`${path}.new`, { force: true });
    },
  };
}

/** What is there; empty where there is nothing. Errors: throws when it cannot be read. */
export function readStateFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}

/** Keeps a file that cannot be read for whoever wants to look at it. Gives where. */
export function keepAside(path: string): string {
  const aside = `${path}.unreadable`;
  renameSync(path, aside);
  return aside;
}

/** Changes whenever the machine is started. Source: random(4). */
export function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}
