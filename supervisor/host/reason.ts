import { constants } from "node:os";
import { errnoText } from "./libc.ts";

const EIO = 5;

/** Why a call of `node:fs` failed, the same on every runtime. Shape: `No such file or directory (ENOENT)`. */
export function reasonOf(error: unknown): string {
  const { code = "" } = error as NodeJS.ErrnoException;
  return errnoText((constants.errno as Readonly<Record<string, number>>)[code] ?? EIO);
}
