import { existsSync, lstatSync, mkdirSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, resolve, sep } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { isExecutable } from "../host/build.ts";
import { programFolder } from "../host/own-program.ts";
import type { Context } from "./context.ts";
import { exit } from "./exit.ts";
import { writeAll } from "./import/write.ts";
import { projectFiles } from "./init/project.ts";
import { unitTemplate } from "./init/unit.ts";

/** `supervisor init [DIR]`: a new project that runs at once; `supervisor init --unit NAME`: a unit file to fill in. Writes over nothing. */
export async function run(context: Asked): Promise<number> {
  const { flags, args, root, err } = context;
  const [folder] = args;
  if (typeof flags.unit !== "string") return initProject(context, folder === undefined ? root : resolve(folder));
  if (folder !== undefined) {
    err("init: --unit takes no DIR; --root says where units/ is");
    return exit.usage;
  }
  const { parseUnit } = await import("../unit/parse.ts");
  const text = unitTemplate(flags.unit);
  const read = parseUnit(flags.unit, `units/${flags.unit}.toml`, text);
  if (!read.ok) {
    for (const fault of read.faults) err(`init: ${fault.message}`);
    return exit.usage;
  }
  return write(context, join(root, "units"), new Map([[`${flags.unit}.toml`, text]]));
}

/** What this verb uses of its context. */
type Asked = Pick<Context, "root" | "args" | "flags" | "quiet" | "out" | "err">;

function initProject(context: Asked, folder: string): number {
  const { quiet, err } = context;
  const name =
    basename(folder)
      .toLowerCase()
      .replace(/[^a-z0-9._-]+/g, "-")
      .replace(/^[._-]+/, "") || "project";
  const files = new Map(projectFiles({ name, dependency: dependency() }));
  for (const kept of ["package.json", ".gitignore"]) {
    if (!existsSync(join(folder, kept))) continue;
    files.delete(kept);
    err(`init: ${join(folder, kept)} is there already, and stays as it is`);
  }
  const code = write(context, folder, files);
  if (code !== exit.done) return code;
  if (isExecutable) err("init: the kit that main.ts imports is in the package, not in this executable: npm install");
  else linkKit(folder);
  if (!quiet) err(`init: cd ${folder} && supervisor start, then curl http://127.0.0.1:8080/`);
  return exit.done;
}

function write({ quiet, out, err }: Asked, folder: string, files: ReadonlyMap<string, string>): number {
  const written = writeAll(folder, files, false);
  if (written.tag === "there") {
    for (const path of written.paths) err(`init: ${path} is there already; nothing was written`);
    return exit.failed;
  }
  if (!quiet) for (const path of written.paths) out(`${path}\n`);
  return exit.done;
}

const PACKAGE = dirname(programFolder);

/** A package that was installed is named by its version, a checkout by its path. */
function dependency(): string {
  return isExecutable || PACKAGE.split(sep).includes("node_modules") ? `^${manifest.version}` : `file:${PACKAGE}`;
}

/** Why a link: the project runs at once, without an installation; `npm install` puts the same thing there. */
function linkKit(folder: string): void {
  try {
    createRequire(join(folder, "main.ts")).resolve("supervisor/kit");
  } catch {
    const link = join(folder, "node_modules/supervisor");
    if (lstatSync(link, { throwIfNoEntry: false }) !== undefined) return;
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(PACKAGE, link);
  }
}
