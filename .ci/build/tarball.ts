import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { shellCompletions } from "./completions.ts";
import { manPages } from "./man.ts";
import { type Built, project, refusalOf } from "./run.ts";
import { defineFlag, type Stamp } from "./stamp.ts";

/** What the package says of itself. No dependencies: they are in its files. */
const { name, version, description, license, type } = manifest;
const KIT = { types: "./types/kit.d.ts", default: "./services/kit/kit.js" };

const ENTRIES = ["supervisor/main.ts", "services/main.ts", "services/kit/kit.ts"];
const AS_WRITTEN = ["supervisor/bin.sh", "config/default.toml", "README.md", "CHANGELOG.md", "LICENSE"];

/**
 * Makes `supervisor-VERSION.tgz`. Why not the sources: Deno runs no TypeScript below node_modules, and with what they
 * import they are ten times as large. Errors: what the bundler, the compiler or npm says.
 */
export function pack(out: string, stamp: Stamp): Built {
  const folder = mkdtempSync(join(tmpdir(), "supervisor-package-"));
  try {
    const message = bundle(folder, stamp) ?? declareTypes(folder);
    if (message !== null) return { ok: false, message };
    for (const path of AS_WRITTEN) cpSync(join(project, path), join(folder, path), { recursive: true });
    for (const [path, text] of [...texts(stamp), ...examples()]) write(join(folder, path), text);
    const refusal = refusalOf(["npm", "pack", "--silent", "--offline", "--pack-destination", out], folder);
    const path = join(out, `${name}-${version}.tgz`);
    return refusal === null ? { ok: true, path } : { ok: false, message: refusal };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function bundle(folder: string, stamp: Stamp): string | null {
  const flags = ["--target=node", "--splitting", "--chunk-naming=chunks/[name]-[hash].js", `--outdir=${folder}`];
  return refusalOf(["bun", "build", ...flags, defineFlag(stamp, "package"), ...ENTRIES]);
}

/** The kit's types, for the programs that import it. */
function declareTypes(folder: string): string | null {
  const compilerOptions = {
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    rootDir: join(project, "services/kit"),
    outDir: join(folder, "types"),
    typeRoots: [join(project, "node_modules/@types")],
  };
  const files = [join(project, "services/kit/kit.ts")];
  const path = join(folder, "tsconfig.json");
  write(path, JSON.stringify({ extends: join(project, "tsconfig.json"), compilerOptions, files, include: [] }));
  const refusal = refusalOf(["tsc", "-p", path]);
  rmSync(path);
  return refusal;
}

/** What is made of the tables of the command line and of the unit file. By its path in the package. */
function texts(stamp: Stamp): ReadonlyMap<string, string> {
  const pages = manPages({ version, date: stamp.built_at.slice(0, 10) });
  const man = [...pages].map(([page, text]) => [`man/${page}`, text] as const);
  const completions = [...shellCompletions()].map(([file, text]) => [`completion/${file}`, text] as const);
  const own = { name, version, private: true, description, license, type };
  const whole = { ...own, bin: manifest.bin, exports: { "./kit": KIT }, man: man.map(([path]) => `./${path}`) };
  return new Map([...man, ...completions, ["package.json", `${JSON.stringify(whole, null, 2)}\n`]]);
}

/** The units of this project, for one that has the package installed. */
function examples(): ReadonlyMap<string, string> {
  const paths = readdirSync(join(project, "units")).map((file) => `units/${file}`);
  const place = `node_modules/${name}/services/main.js`;
  const read = (path: string) => readFileSync(join(project, path), "utf8").replace("services/main.ts", place);
  return new Map(paths.map((path) => [path, read(path)]));
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
