import { mkdtempSync, rmSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { userName } from "../control/client.ts";
import { takeLock } from "../host/lock.ts";
import { syncFileSystem } from "../host/sync.ts";
import { readRoot } from "../host/unit-files.ts";
import { commitOf, type MadeRelease, makeRelease, makeShelf, sweepDrafts } from "../release/make.ts";
import { unpack } from "../release/unpack.ts";
import { Untakeable } from "../release/walk.ts";
import { type Fault, faultLine } from "../unit/fault.ts";
import { RELEASE_NAME } from "../unit/release.ts";
import type { Context } from "./context.ts";
import { exit } from "./exit.ts";
import { missingScripts, readConfig, readFound } from "./faults.ts";
import { giveOrder } from "./order.ts";
import { tellMiss, tellVerdicts } from "./tell.ts";

/**
 * Makes a release of a folder or an archive, and has the running supervisor hand everything over to it.
 * Why the release is made here: it takes as long as the tree is large, and the daemon has units to look after.
 */
export async function run(context: Context): Promise<number> {
  const { args, flags, err } = context;
  const name = typeof flags.id === "string" ? flags.id : null;
  if (name !== null && !RELEASE_NAME.test(name)) {
    err(`supervisor deploy: --id: takes letters, digits and any of _.-, at most 64 of them, got '${name}'`);
    return exit.usage;
  }
  const [given = "."] = args;
  const path = resolve(given);
  if (statSync(path, { throwIfNoEntry: false }) === undefined) {
    err(`supervisor deploy: ${given}: is not there`);
    return exit.usage;
  }
  const reply = await context.client().status();
  if (reply.tag !== "ok") return tellMiss(context, reply, "order");
  const made = await make(context, { path, name, runtime: reply.value.supervisor.runtime });
  return typeof made === "number" ? made : deploy(context, made);
}

/** Has what was made run. */
async function deploy(context: Context, { manifest, isNew }: MadeRelease): Promise<number> {
  const { json, quiet, out } = context;
  const release = manifest.id;
  if (!json && !quiet) out(`${isNew ? "made" : "there is already"} release ${release}\n`);
  const order = { tag: "deploy", release, insist: context.flags.insist === true } as const;
  const { code, verdicts } = await giveOrder(context, order);
  if (json && (verdicts !== null || code === exit.done)) out(`${JSON.stringify({ release, verdicts }, null, 2)}\n`);
  if (verdicts === null) return code;
  tellVerdicts({ ...context, json: false, quiet: quiet || json }, verdicts);
  if (code === exit.done && !json && !quiet) out(`release ${release} is current\n`);
  return code;
}

type Wanted = Readonly<{ path: string; name: string | null; runtime: string }>;

/** Gives the release, or the exit code where there is none: what was wrong is told. */
async function make(context: Context, wanted: Wanted): Promise<MadeRelease | number> {
  const { stateDir, err } = context;
  const shelf = makeShelf(stateDir);
  const lock = takeLock(join(shelf, ".lock"));
  if (!lock) {
    err("supervisor deploy: another release is being made here");
    return exit.failed;
  }
  try {
    sweepDrafts(stateDir);
    const isFolder = statSync(wanted.path).isDirectory();
    const unpacked = isFolder ? null : mkdtempSync(join(shelf, ".new-"));
    try {
      const source = unpacked === null ? wanted.path : unpack(wanted.path, join(unpacked, basename(wanted.path)));
      return await makeOf(context, { ...wanted, source, commit: isFolder ? commitOf(source) : null });
    } finally {
      if (unpacked !== null) rmSync(unpacked, { recursive: true, force: true });
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined && !(error instanceof Untakeable)) throw error;
    err(`supervisor deploy: ${message}; nothing has changed`);
    return error instanceof Untakeable ? exit.usage : exit.failed;
  } finally {
    lock.release();
  }
}

type Source = Wanted & Readonly<{ source: string; commit: string | null }>;

async function makeOf(
  context: Context,
  { source, path, name, runtime, commit }: Source,
): Promise<MadeRelease | number> {
  const { root, stateDir, now } = context;
  const found = readRoot(source);
  const [units, config] = [await readFound(found, context), await readConfig(source)];
  const scripts = units.ok ? missingScripts(units.value, found, source) : [];
  const faults = [...(units.ok ? [] : units.faults), ...(config.ok ? [] : config.faults), ...scripts];
  if (!config.ok || faults.length > 0) return tell(context, faults);
  const { exclude, shared } = config.value.release;
  const about = { name, now: now(), runtime, by: userName(process.getuid?.() ?? null), commit, origin: path };
  return makeRelease({ source, root, stateDir, exclude, shared, ...about, sync: syncFileSystem });
}

function tell({ err }: Context, faults: readonly Fault[]): number {
  for (const fault of faults) err(`supervisor deploy: ${faultLine(fault)}`);
  return exit.invalid;
}
