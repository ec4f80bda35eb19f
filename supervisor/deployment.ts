import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { loadConfig } from "../config/load.ts";
import { isOthers } from "../config/schema.ts";
import { settingsOf } from "../config/settings.ts";
import { keptSource, sourceFile } from "../config/source.ts";
import { gather } from "./control/metrics/gather.ts";
import { type ConfigSource, createConfigSource, type Held } from "./daemon/config-source.ts";
import type { AskAnswers, AskSource, Disk, Files, ReleaseHost, Releases } from "./daemon/ports.ts";
import { createAcceptedFiles } from "./host/accepted-files.ts";
import { createClock } from "./host/clock.ts";
import { createDisk } from "./host/disk.ts";
import { askSource } from "./host/source.ts";
import { bootId } from "./host/state-file.ts";
import { answersOf } from "./release/answers.ts";
import type { Hook } from "./release/hooks.ts";
import type { Ledger } from "./release/ledger.ts";
import { createOffice } from "./release/office.ts";
import { openShelf, readLedger } from "./release/shelf.ts";
import type { Command } from "./unit/command.ts";
import { fail, type Outcome, ok } from "./unit/fault.ts";
import { socketsToBind } from "./unit/listen.ts";
import { rootOf } from "./unit/release.ts";
import { type Setting, sourceIn } from "./unit/setting.ts";
import type { Unit } from "./unit/unit.ts";

/** Where the daemon has its files from. `listen`, `verbose`: what the command line says of the settings. `source`: what a remote source says. */
export type DeploymentOptions = Readonly<{
  root: string;
  stateDir: string;
  listen?: string;
  verbose?: boolean;
  source?: Readonly<{ held: Held | null }>;
}>;

/** How long a start waits for the remote source of settings before it takes what that said last. */
const FIRST_ANSWER_MS = 3_000;

/** `who`: whose files they are, before a fault of theirs. Shape: `release v2: `, empty for the root's own. */
export type Current = Readonly<{ disk: Disk; ledger: Ledger; who: string }>;

/** Where the files are that hold now: those of the release that is current, else those of the root. Errors: unit-invalid. */
export function findCurrent(options: DeploymentOptions): Outcome<Current> {
  const read = readLedger(options.stateDir);
  if ("fault" in read) return fail({ code: "unit-invalid", message: read.fault, retry: "never" });
  const { ledger } = read;
  const who = ledger.current === null ? "" : `release ${ledger.current}: `;
  return ok({ disk: diskOf(options, ledger.current), ledger, who });
}

/** A remote source of settings that nobody is asked for yet. */
export function openSource(root: string): ConfigSource {
  const ask: AskSource = (asked, signal) => {
    const tokenFile = asked.tokenFile === null ? null : resolve(root, asked.tokenFile);
    return askSource({ ...asked, tokenFile }, signal);
  };
  return createConfigSource({ ask, clock: createClock(), roll: Math.random });
}

/** What the source said when files were accepted last. Null: nothing. */
export function lastSource(stateDir: string): Held | null {
  const last = createAcceptedFiles(stateDir).last();
  return last && keptSource(last.root);
}

/**
 * Asks the source that the settings name, if they do, and waits a little for what it says. `isGoingOn`: services run already, and none waits.
 * Errors: start-failed when it is away and nothing is kept of it: to go on without would be other settings than anybody wants.
 */
export async function beginSource(
  source: ConfigSource,
  options: DeploymentOptions,
  { release, isGoingOn }: Readonly<{ release: string | null; isGoingOn: boolean }>,
): Promise<Outcome<null>> {
  const own = readSettings({ ...options, source: { held: null } }, rootOf(release, options));
  // What is wrong with the files is told by whoever reads all of them.
  const place = own.ok ? sourceIn(own.value) : null;
  if (!place) return ok(null);
  const kept = lastSource(options.stateDir);
  source.use(place, kept?.url === place.url ? kept.text : null);
  if (!isGoingOn || !source.held) await source.first(FIRST_ANSWER_MS);
  if (source.held) return ok(null);
  const message = `config_source: ${place.url} ${source.status()?.reason}, and nothing is kept of what it said`;
  return fail({ code: "start-failed", message, retry: "later" });
}

/** Deploys, where a release is a folder below the state directory. `units`: those that are loaded. */
export function releasesPort(
  options: DeploymentOptions,
  ledger: Ledger,
  units: readonly Unit[],
): (host: ReleaseHost) => Releases {
  const shelf = openShelf(options.stateDir);
  const letPass = (all: readonly Unit[]): void => {
    if (all.some(({ release, service }) => release !== null && service.user !== "")) shelf.letPass();
  };
  const diskTo = (release: string | null): Disk => {
    const disk = diskOf(options, release);
    const read = (): Outcome<Files> => {
      const files = disk.read();
      if (files.ok) letPass(files.value.units);
      return files;
    };
    return { ...disk, read };
  };
  letPass(units);
  const clock = createClock();
  const ask: AskAnswers = async (places) => {
    const gathered = await gather(places);
    return gathered.map(({ unit, exposition }) => ({ unit, answers: exposition && answersOf(exposition.families) }));
  };
  const commandOf = (release: string, { argv }: Hook): Command => {
    const cwd = rootOf(release, options);
    const env = { ...definedIn(process.env), SUPERVISOR_RELEASE: release };
    return { argv: ["/bin/sh", "-c", KEPT, join(dirname(cwd), "hooks.log"), ...argv], env, cwd };
  };
  const time = { clock, boot: bootId(), today: clock.wall };
  return (host) => createOffice({ host, shelf, ledger, diskOf: diskTo, ask, commandOf, ...time });
}

/**
 * The files of the root, or of a release. What the command line says is the last layer of the settings.
 * Why sockets are the root's own in either case: a listener outlives every release.
 */
export function diskOf(options: DeploymentOptions, release: string | null, tree = rootOf(release, options)): Disk {
  const { root, stateDir, source: said } = options;
  const settings = () => readSettings(options, tree);
  const source = () => (said?.held ? { file: sourceFile(said.held.url), text: said.held.text } : null);
  const toBind = (unit: Unit) => socketsToBind(unit, { root, stateDir, environ: process.env });
  return createDisk({ root: tree, release, toBind, settings, source, accepted: createAcceptedFiles(stateDir) });
}

function readSettings(
  { listen, verbose = false, source }: DeploymentOptions,
  tree: string,
): Outcome<readonly Setting[]> {
  const { env } = process;
  const flags = [
    ...(listen === undefined ? [] : [{ name: "--listen", values: { "supervisor.listen": listen }, lines: {} }]),
    ...(verbose ? [{ name: "--verbose", values: { "supervisor.log_level": "debug" }, lines: {} }] : []),
  ];
  const said = source?.held ?? null;
  const folder = join(tree, "config");
  const loaded = loadConfig({ folder, shown: "config", env, source: said, layers: flags, isOthers });
  return loaded.ok ? ok(settingsOf(loaded.value)) : loaded;
}

/** Lets a command print into a file, `$0`, which is there when it is over. */
const KEPT = 'exec "$@" >>"$0" 2>&1';

function definedIn(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(env).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])));
}
