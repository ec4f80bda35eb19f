import { basename } from "node:path";
import type { Exit, SpawnStage } from "../core/facts.ts";
import { readStat } from "./procfs.ts";
import { type Refusal, refusal } from "./program.ts";
import { SHELL, shimStep } from "./shim.ts";

const ENOENT = 2;
const ENOEXEC = 8;
const EACCES = 13;
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;

/** What a shim was to become. `setpriv`: whether it had to become somebody else before. */
export type ShimAim = Readonly<{ program: string; setpriv: boolean }>;

export type ShimFailure = Readonly<{ stage: SpawnStage; refusal: Refusal }>;

/**
 * Tells whether a process ended before it had become its program, by the name that it had in the end; null when it did not.
 * Call while it is a zombie: then the name is still there.
 */
export function shimFailure(pid: number, exit: Exit, { program, setpriv }: ShimAim): ShimFailure | null {
  if (exit.by !== "code" || exit.code === 0) return null;
  const { code } = exit;
  switch (readStat(pid)?.comm) {
    case shimStep.exec:
      return { stage: "exec", refusal: refusal(program, reasonOf(code)) };
    case shimStep.user:
      return { stage: "user", refusal: refusal("setpriv", reasonOf(code)) };
    case shimStep.limit:
      return {
        stage: "limit",
        refusal: { code: "EPERM", message: `${SHELL} exited with code ${code}: see the output` },
      };
    case "setpriv": {
      if (!setpriv || basename(program) === "setpriv") return null;
      return { stage: "user", refusal: { code: "EPERM", message: `setpriv exited with code ${code}: see the output` } };
    }
    default:
      return null;
  }
}

/** Source: POSIX, exec. Anything else is what a shell makes of a file that the kernel could not execute. */
function reasonOf(code: number): number {
  if (code === NOT_FOUND) return ENOENT;
  return code === NOT_EXECUTABLE ? EACCES : ENOEXEC;
}
