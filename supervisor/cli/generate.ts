import { spawnSync } from "node:child_process";
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, delimiter, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { SystemdOptions } from "../generate/systemd/options.ts";
import { generateSystemd, type SystemdFiles } from "../generate/systemd.ts";
import { readRoot } from "../host/unit-files.ts";
import { faultLine, type Outcome } from "../unit/fault.ts";
import type { Unit } from "../unit/unit.ts";
import type { Context } from "./context.ts";
import { exit } from "./exit.ts";

/** `supervisor generate systemd [--per-unit] [--out DIR] [--verify] [--user NAME] [--systemd VERSION]`. */
export async function run(context: Asked): Promise<number> {
  const [kind = ""] = context.args;
  if (kind !== "systemd") {
    context.err(later.has(kind) ? `generate ${kind}: not supported yet` : `generate: systemd is known, got '${kind}'`);
    return exit.usage;
  }
  const options = toOptions(context);
  if (typeof options === "string") {
    context.err(options);
    return exit.usage;
  }
  const units = await readUnitsOf(context.root);
  if (!units.ok) {
    for (const fault of units.faults) context.err(faultLine(fault));
    return exit.invalid;
  }
  return deliver(context, generateSystemd(units.value, options));
}

/** What this verb uses of its context. */
type Asked = Pick<Context, "root" | "stateDir" | "args" | "flags" | "json" | "quiet" | "out" | "err">;

const later: ReadonlySet<string> = new Set(["kubernetes", "docker", "compose"]);

/** A string says what is wrong with the flags. */
function toOptions({ root, stateDir, flags }: Asked): SystemdOptions | string {
  const version = flags.systemd === undefined ? null : Number(flags.systemd);
  if (version !== null && !(Number.isInteger(version) && version > 0)) {
    return `--systemd: must be a version such as 252, got '${flags.systemd}'`;
  }
  const self = process.versions.bun === undefined ? "deno" : "bun";
  const runtimePaths = { bun: findProgram("bun"), deno: findProgram("deno"), node: findProgram("node") };
  return {
    root,
    stateDir,
    execStart: [packagePath("../bin.sh")],
    runtimePaths: { ...runtimePaths, [self]: process.execPath },
    self,
    environment: {
      SUPERVISOR_RUNTIME: basename(process.execPath) === self ? process.execPath : (runtimePaths[self] ?? self),
    },
    ...(typeof flags.user === "string" ? { user: flags.user } : {}),
    perUnit: flags["per-unit"] === true,
    ...(version === null ? {} : { systemdVersion: version }),
  };
}

/** Looks where `bin.sh` looks: a runtime of the machine comes before the package's own. */
function findProgram(name: string): string | null {
  const folders = [...(process.env.PATH ?? "").split(delimiter), packagePath("../../node_modules/.bin")];
  return folders.map((folder) => resolve(folder, name)).find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // Missing and forbidden are the same to us: we cannot run it.
  }
}

function packagePath(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url));
}

async function readUnitsOf(root: string): Promise<Outcome<readonly Unit[]>> {
  const { files, faults } = readRoot(root);
  const { readUnits } = await import("../unit/set.ts");
  return readUnits(files, { unread: faults });
}

/** Writes or prints the files, then says what is missing in them. */
function deliver(context: Asked, { files, losses }: SystemdFiles): number {
  const { flags, json, quiet, out, err } = context;
  if (typeof flags.out === "string") {
    for (const path of writeFiles(resolve(flags.out), files)) if (!quiet) out(`${path}\n`);
  } else if (json) {
    out(`${JSON.stringify({ files: Object.fromEntries(files), not_carried_over: losses }, null, 2)}\n`);
  } else {
    for (const [name, text] of files) out(`# ==== ${name}\n${text}\n`);
  }
  if (!quiet) for (const { unit, key, why } of losses) err(`${unit}: ${key}: ${why}`);
  return flags.verify === true ? verify(files, err) : exit.done;
}

function writeFiles(folder: string, files: ReadonlyMap<string, string>): readonly string[] {
  mkdirSync(folder, { recursive: true });
  return [...files].map(([name, text]) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  });
}

/** Asks systemd-analyze in a folder of its own, so that files which lay in `--out` before have no say. */
function verify(files: ReadonlyMap<string, string>, err: (line: string) => void): number {
  const folder = mkdtempSync(join(tmpdir(), "supervisor-verify-"));
  try {
    const paths = writeFiles(folder, files);
    const answer = spawnSync("systemd-analyze", ["verify", "--man=no", ...paths], {
      encoding: "utf8",
      timeout: 60_000,
    });
    const found =
      answer.error === undefined ? `${answer.stdout}${answer.stderr}`.replaceAll(`${folder}/`, "").trim() : "";
    if (answer.error !== undefined) err(`generate systemd: systemd-analyze cannot be run: ${answer.error.message}`);
    if (found !== "") err(found);
    return answer.status === 0 && found === "" ? exit.done : exit.failed;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
