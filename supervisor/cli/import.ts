import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { readRoot } from "../host/unit-files.ts";
import type { Draft, Here, Imported, Remark } from "../import/draft.ts";
import { type Kind, kinds } from "../import/kind.ts";
import { type Fault, faultLine, type Outcome, ok } from "../unit/fault.ts";
import type { Context } from "./context.ts";
import { exit } from "./exit.ts";
import { baseOf, dotEnvOf, gather } from "./import/gather.ts";
import { writeAll } from "./import/write.ts";

/** `supervisor import FILE… [--from KIND] [--out DIR] [--env NAME] [--dry-run] [--force]`: unit files from another manager's configuration. */
export async function run(context: Asked): Promise<number> {
  const { flags, err } = context;
  const from = flags.from === undefined ? null : (kinds.find((kind) => kind === flags.from) ?? undefined);
  if (from === undefined) {
    err(`import: --from: must be one of ${kinds.join(", ")}, got '${flags.from}'`);
    return exit.usage;
  }
  const imported = await importAll(context, from);
  if (!imported.ok) return tellFaults(imported.faults, err);
  const { drafts, remarks } = imported.value;
  for (const remark of remarks) err(remarkLine(remark));
  if (drafts.length === 0) {
    err("import: no unit came of it");
    return exit.failed;
  }
  const { unitText } = await import("../import/toml.ts");
  const files = new Map(drafts.map((draft) => [`${draft.name}.toml`, unitText(draft)]));
  const faults = await faultsOf(files, context);
  return faults.length > 0 ? tellFaults(faults, err) : deliver(context, files, remarks);
}

/** What this verb uses of its context. */
type Asked = Pick<Context, "root" | "stateDir" | "args" | "flags" | "json" | "quiet" | "out" | "err">;

async function importAll({ root, args, flags, err }: Asked, from: Kind | null): Promise<Outcome<Imported>> {
  const { importFile } = await import("../import/import.ts");
  const { systemdName } = await import("../import/systemd/relations.ts");
  // Services of systemd name each other, in whatever order their files are given.
  const named = args.filter((path) => path.endsWith(".service")).map(systemdName);
  const units = new Set([...readRoot(root).files.map(({ name }) => name), ...named]);
  const drafts: Draft[] = [];
  const remarks: Remark[] = [];
  for (const path of args) {
    const bundle = await gather({ path, from, tell: err });
    if (!bundle.ok) return bundle;
    const here: Here = {
      root,
      base: baseOf(path, root),
      cores: availableParallelism(),
      units,
      taken: new Set(drafts.map(({ name }) => name)),
      env: typeof flags.env === "string" ? flags.env : null,
      dotEnv: dotEnvOf(path),
    };
    const imported = importFile(bundle.value, here);
    if (!imported.ok) return imported;
    drafts.push(...imported.value.drafts);
    remarks.push(...imported.value.remarks);
  }
  return ok({ drafts, remarks: remarks.sort(byPlace) });
}

function byPlace({ at: one }: Remark, { at: other }: Remark): number {
  return one.file === other.file ? (one.line ?? 0) - (other.line ?? 0) : 0;
}

/** What `check` would say of the new files, among those that stay. */
async function faultsOf(files: ReadonlyMap<string, string>, { root, stateDir }: Asked): Promise<readonly Fault[]> {
  const { readUnits } = await import("../unit/set.ts");
  const { socketsToBind } = await import("../unit/listen.ts");
  const fresh = [...files].map(([file, text]) => ({ name: file.replace(/\.toml$/, ""), file, text }));
  const names = new Set(fresh.map(({ name }) => name));
  const others = readRoot(root).files.filter(({ name }) => !names.has(name));
  const toBind = (unit: Parameters<typeof socketsToBind>[0]) =>
    socketsToBind(unit, { root, stateDir, environ: process.env });
  const read = readUnits([...others, ...fresh], { toBind });
  return read.ok ? [] : read.faults.filter(({ at }) => files.has(at?.file ?? ""));
}

function deliver(context: Asked, files: ReadonlyMap<string, string>, remarks: readonly Remark[]): number {
  const { root, flags, json, quiet, out, err } = context;
  const isDry = flags["dry-run"] === true;
  if (!isDry) {
    const folder = typeof flags.out === "string" ? resolve(flags.out) : join(root, "units");
    const written = writeAll(folder, files, flags.force === true);
    if (written.tag === "there") {
      for (const path of written.paths) err(`import: ${path} is there already; --force writes over it`);
      return exit.failed;
    }
    if (!json && !quiet) for (const path of written.paths) out(`${path}\n`);
  }
  if (json) out(`${JSON.stringify(report(files, remarks), null, 2)}\n`);
  else if (isDry) for (const [name, text] of files) out(`# ==== ${name}\n${text}\n`);
  return exit.done;
}

function report(files: ReadonlyMap<string, string>, remarks: readonly Remark[]) {
  const of = (tag: Remark["tag"]) => remarks.filter((remark) => remark.tag === tag).map(({ tag: _, ...rest }) => rest);
  return { files: Object.fromEntries(files), not_carried_over: of("lost"), changed: of("changed") };
}

/** Shape: `ecosystem.config.js:9: watch: not carried over: no unit is restarted when its files change`. */
function remarkLine({ tag, at, why }: Remark): string {
  const message = `${tag === "lost" ? "not carried over" : "changed"}: ${why}`;
  return faultLine({ code: "unit-invalid", message, retry: "never", at });
}

function tellFaults(faults: readonly Fault[], err: (line: string) => void): number {
  for (const fault of faults) err(`import: ${faultLine(fault)}`);
  return exit.invalid;
}
