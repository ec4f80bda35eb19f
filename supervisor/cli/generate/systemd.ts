import { realpathSync } from "node:fs";
import { basename } from "node:path";
import process from "node:process";
import type { SystemdOptions } from "../../generate/systemd/options.ts";
import { generateSystemd } from "../../generate/systemd.ts";
import { isExecutable } from "../../host/build.ts";
import { launcher } from "../../host/own-program.ts";
import type { Asked, Kind } from "./kind.ts";
import { findProgram, ourRuntime } from "./machine.ts";

/** `supervisor generate systemd [--per-unit] [--user NAME] [--systemd VERSION] [--sandbox]`. */
export const systemd: Kind = {
  flags: ["per-unit", "user", "systemd", "sandbox"],
  async prepare(context) {
    const options = toOptions(context);
    if (typeof options === "string") return { refused: "flag", message: options };
    return (units) => generateSystemd(units, options);
  },
  checks: (names) => [
    { argv: ["systemd-analyze", "verify", "--man=no", ...names.map((name) => `./${name}`)], isSilent: true },
  ],
};

/** What the generator must know of this machine. A string says what is wrong with the flags. */
export function toOptions({
  root,
  stateDir,
  flags,
}: Pick<Asked, "root" | "stateDir" | "flags">): SystemdOptions | string {
  const version = flags.systemd === undefined ? null : Number(flags.systemd);
  if (version !== null && !(Number.isInteger(version) && version > 0)) {
    return `--systemd: must be a version such as 252, got '${flags.systemd}'`;
  }
  const self = ourRuntime();
  const runtimePaths = { bun: findProgram("bun"), deno: findProgram("deno"), node: findProgram("node") };
  const programs = () => [launcher, process.execPath, ...Object.values(runtimePaths)].flatMap(realPaths);
  const ownPath = basename(process.execPath) === self ? process.execPath : null;
  return {
    root,
    stateDir,
    execStart: [launcher],
    runtimePaths: isExecutable ? runtimePaths : { ...runtimePaths, [self]: process.execPath },
    self,
    environment: isExecutable ? {} : { SUPERVISOR_RUNTIME: ownPath ?? runtimePaths[self] ?? self },
    ...(typeof flags.user === "string" ? { user: flags.user } : {}),
    ...(flags.sandbox === true ? { sandbox: true, programs: programs() } : {}),
    perUnit: flags["per-unit"] === true,
    ...(version === null ? {} : { systemdVersion: version }),
  };
}

/** Where a path leads; nowhere when there is nothing. */
function realPaths(path: string | null): readonly string[] {
  try {
    return path === null ? [] : [realpathSync(path)];
  } catch {
    return [];
  }
}
