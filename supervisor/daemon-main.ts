import "./unit/schema/zod.ts";
import { join } from "node:path";
import manifest from "../package.json" with { type: "json" };
import type { Reexec } from "./control/reexec.ts";
import { type ControlServer, createControlServer } from "./control/server.ts";
import { type ConfigSource, withSource } from "./daemon/config-source.ts";
import { createDaemon, type Daemon } from "./daemon/daemon.ts";
import { exitWith, unknownUnit } from "./daemon/exit-with.ts";
import { type Told, told } from "./daemon/happening.ts";
import { createJournal, type Journal, type JournalLevel } from "./daemon/journal.ts";
import type { Disk, Files, Settings } from "./daemon/ports.ts";
import { refusals } from "./daemon/refusals.ts";
import { hearSignals, keepSignals } from "./daemon/signals.ts";
import { truthful } from "./daemon/truth.ts";
import { watchFolders } from "./daemon/watch.ts";
import { beginSource, type Current, diskOf, findCurrent, lastSource, openSource, releasesPort } from "./deployment.ts";
import { createAcceptedFiles } from "./host/accepted-files.ts";
import { createKeys, type Keys } from "./host/credential/keys.ts";
import { createManager, type Manager } from "./host/manager.ts";
import { lookOften } from "./host/often.ts";
import { findProgram } from "./host/program.ts";
import { become, checkSuccessor, type Successor, successor, wasReexecuted } from "./host/reexec.ts";
import { runtime } from "./host/runtime.ts";
import { scales } from "./host/scales.ts";
import { serveHttp } from "./host/serve.ts";
import { type Claim, claimStateDir } from "./host/state-dir.ts";
import { writeOut } from "./host/stdout.ts";
import { type Machine, openMachine } from "./machine.ts";
import { query } from "./output/query.ts";
import { type Takeover, takeOver, unreadableState } from "./takeover.ts";
import { type Fault, faultLine, type Outcome, ok } from "./unit/fault.ts";
import { keyCommandIn, type Setting, sourceIn } from "./unit/setting.ts";
import type { Unit } from "./unit/unit.ts";

/**
 * `listen`: serve the control API on this TCP address too. `verbose`: the journal tells everything.
 * `exitWith`: the unit whose end is the end of everything. `diesAlone`: false when no service is to outlive this process.
 */
export type DaemonOptions = Readonly<{
  root: string;
  stateDir: string;
  listen?: string;
  verbose?: boolean;
  exitWith?: string;
  diesAlone?: boolean;
}>;

const { version } = manifest;

/** How long the answer to whoever has asked for another program may take to be written. */
const ANSWER_MS = 50;

/** The exit codes of the contract that the daemon itself can end with. */
const exitCode = { done: 0, failed: 1, unitUnknown: 5, invalid: 6 } as const;

/**
 * Runs the supervisor until it is told to stop; the composition root, where ports meet the daemon.
 * Gives the exit code: 0 after a stop, that of `exitWith` after its end, 1 when it could not begin, 5 when `exitWith` is
 * not there, 6 for invalid units.
 */
export async function runDaemon(options: DaemonOptions): Promise<number> {
  const isGoingOn = wasReexecuted();
  const raiseSignals = isGoingOn ? keepSignals() : () => undefined;
  const source = openSource(options.root);
  try {
    const placed = findCurrent({ ...options, source });
    if (!placed.ok) return refuse(placed.faults, exitCode.invalid);
    const begun = await beginSource(source, options, { release: placed.value.ledger.current, isGoingOn });
    if (!begun.ok) return refuse(begun.faults, exitCode.failed, "supervisor start: ");
    return await run({ ...options, source }, placed.value, raiseSignals);
  } finally {
    source.close();
  }
}

type SourcedOptions = DaemonOptions & Readonly<{ source: ConfigSource }>;

async function run(options: SourcedOptions, { disk, ledger, who }: Current, raiseSignals: () => void): Promise<number> {
  const { root, stateDir, source } = options;
  const files = readOrLast(options, disk, ledger.current);
  if (!files.ok) return refuse(files.faults, exitCode.invalid, who);
  const flags = checkFlags(options, files.value.units);
  if (!flags.ok) {
    console.error(`supervisor start: ${flags.message}`);
    return flags.code;
  }
  let lost: (text: string) => void = console.error;
  const claim = claimStateDir(stateDir, (text) => lost(text));
  if (!claim.ok) {
    console.error(`supervisor start: ${claim.message}`);
    return exitCode.failed;
  }
  const takeover = await takeOver(stateDir, files.value.units);
  const output = writeOut();
  const manager = createManager(process.env);
  const level = levelOf(files.value.settings);
  const journal = createJournal({ level, readable: process.stdout.isTTY === true, write: output.write });
  const keys = createKeys({ root, stateDir, environ: process.env, showErrors: false });
  keys.use(keyCommandIn(files.value.settings));
  const settings = settingsPort(journal, keys, source, () => control);
  const given = { root, stateDir, version, keys, executioner: flags.executioner };
  const releases = releasesPort(options, ledger, files.value.units);
  const machine = openMachine({ ...given, manager, takeover, journal, disk, settings, releases });
  const daemon = createDaemon(files.value, identityIn(root), machine.ports);
  const reexec = reexecOf(daemon, output, () => control);
  const served = serveControl(daemon, machine, { claim, files: files.value, reexec, source });
  if (!served.ok) {
    machine.close();
    claim.release();
    return refuse(served.faults, exitCode.failed, "supervisor start: ");
  }
  const control: ControlServer = served.value;
  for (const one of [...takeover.news, ...files.news]) daemon.note(one);
  const unkept = files.news.length === 0 ? disk.keep(files.value.texts) : null;
  if (unkept !== null) daemon.note(told("warn", "config.unkept", unkept));
  lost = (text) => {
    daemon.note(told("warn", "supervisor.state-lost", text));
    daemon.reopenOutputs();
  };
  return live(options, { daemon, machine, control, claim, manager, output, takeover, raiseSignals });
}

const identityIn = (root: string) => {
  const started = new Date().toISOString();
  return { pid: process.pid, version, runtime: runtime.version, started_at: started, root };
};

type Flags = Readonly<{ ok: true; executioner: string | null } | { ok: false; code: number; message: string }>;

/** What the flags need beyond themselves. */
function checkFlags({ exitWith: unit, diesAlone = true }: DaemonOptions, units: readonly Unit[]): Flags {
  const unknown = unit === undefined ? null : unknownUnit(unit, units);
  if (unknown !== null) return { ok: false, code: exitCode.unitUnknown, message: `--exit-with: ${unknown}` };
  if (diesAlone) return { ok: true, executioner: null };
  const found = findProgram("setpriv", {}, "/");
  if (found.ok) return { ok: true, executioner: found.path };
  const message = `--on-crash=stop: ${found.refusal.message}; it belongs to util-linux`;
  return { ok: false, code: exitCode.failed, message };
}

/** Looks whether this program could take the place of one that runs: it can read the files, and what that one leaves. Gives the exit code. */
export function checkReexec(options: DaemonOptions): number {
  const placed = findCurrent({ ...options, source: { held: lastSource(options.stateDir) } });
  if (!placed.ok) return refuse(placed.faults, exitCode.invalid);
  const files = placed.value.disk.read();
  if (!files.ok) return refuse(files.faults, exitCode.invalid, placed.value.who);
  const fault = unreadableState(options.stateDir);
  if (fault !== null) console.error(`supervisor start: ${fault}`);
  return fault === null ? exitCode.done : exitCode.failed;
}

type Living = Readonly<{
  daemon: Daemon;
  machine: Machine;
  control: ControlServer;
  claim: Claim;
  manager: Manager;
  output: ReturnType<typeof writeOut>;
  takeover: Takeover;
  raiseSignals: () => void;
}>;

/** Lets the daemon live until everything is stopped, and takes away what it had. Gives the exit code. */
async function live(options: SourcedOptions, living: Living): Promise<number> {
  const { daemon, machine, control, claim, manager, output, takeover, raiseSignals } = living;
  // Whoever finds the pid file may signal at once, and an unheard SIGUSR2 ends a process.
  hearSignals(daemon, machine.hearHalt);
  raiseSignals();
  claim.writePid();
  const text = `supervisor ${version} on ${runtime.version}, pid ${process.pid}, root ${options.root}`;
  daemon.note(told("info", "supervisor.started", text));
  const booted = daemon.boot();
  takeover.done();
  void booted.then((activeCount) => manager.tell({ READY: "1", STATUS: `${activeCount} units` }));
  manager.watch();
  const changed = (): void => daemon.filesChanged(reloadsItself(daemon.desk.settings()));
  const watching = watchFiles(options.root, daemon, changed);
  options.source.hear({ changed, note: (one) => daemon.note(one) });
  const over = new AbortController();
  const lastWord = options.exitWith === undefined ? null : exitWith(daemon.desk, options.exitWith, over.signal);

  await daemon.stopped;
  over.abort();
  daemon.note(told("info", "supervisor.stopped", "everything is stopped"));
  manager.close();
  await (await watching).close();
  machine.leaveNothing();
  daemon.close();
  machine.close();
  await control.close();
  claim.release();
  await output.drained();
  return lastWord?.code() ?? exitCode.done;
}

type ReadFiles = Readonly<{ ok: true; value: Files; news: readonly Told[] }> | Extract<Outcome<Files>, { ok: false }>;

/** Reads the files, or goes on with those that were accepted last when these are not valid: what ran is to run again after a crash or a boot. */
function readOrLast(options: SourcedOptions, disk: Disk, release: string | null): ReadFiles {
  const read = disk.read();
  if (read.ok) return { ...read, news: [] };
  const last = createAcceptedFiles(options.stateDir).last();
  const held = lastSource(options.stateDir);
  const accepted = last && diskOf({ ...options, source: { held } }, release, last.root).read();
  if (!accepted?.ok) return read;
  options.source.use(sourceIn(accepted.value.settings), held?.text);
  const text = `the files are refused: goes on with version ${last?.version} of them, ${last?.root}`;
  return {
    ...accepted,
    news: [...refusals(read.faults, accepted.value.units), told("error", "config.kept-old", text)],
  };
}

/** Source: `config/schema.ts`, which has checked them. */
const levelOf = (settings: readonly Setting[]) => settingOf(settings, "supervisor.log_level") as JournalLevel;
const listenOf = (settings: readonly Setting[]) => settingOf(settings, "supervisor.listen") as string | null;
const reloadsItself = (settings: readonly Setting[]) => settingOf(settings, "supervisor.auto_reload") === true;

function settingOf(settings: readonly Setting[], key: string): Setting["value"] {
  return settings.find((setting) => setting.key === key)?.value ?? null;
}

/** Puts other values of `[supervisor]` into effect. */
function settingsPort(journal: Journal, keys: Keys, source: ConfigSource, control: () => ControlServer): Settings {
  return {
    prepare(next) {
      const listening = control().listen(listenOf(next));
      if (!listening.ok) return listening;
      const commit = (): void => {
        listening.value.commit();
        journal.keep(levelOf(next));
        keys.use(keyCommandIn(next));
        source.use(sourceIn(next));
      };
      return ok({ ...listening.value, commit });
    },
  };
}

/** Serves the control API on its unix socket, and on TCP when asked: there a bearer token is required. */
function serveControl(
  daemon: Daemon,
  { witness, ports, heirlooms }: Machine,
  { claim, files, reexec, source }: Readonly<{ claim: Claim; files: Files; reexec: Reexec; source: ConfigSource }>,
): Outcome<ControlServer> {
  const served = createControlServer(withSource(truthful(daemon.desk, witness), source), {
    socket: claim.socket,
    token: () => claim.token(),
    serve: (answer, place) => {
      const attend = (request: Request) => {
        ports.pace?.attend();
        return answer(request);
      };
      return serveHttp(attend, place, heirlooms.of("path" in place ? place.path : `${place.hostname}:${place.port}`));
    },
    logs: query,
    figures: {
      scales,
      privateListener: (invocation) => ports.privates.of(invocation)?.path ?? null,
      output: (unit) => ports.outputs.printed(unit),
      probes: () => daemon.probes.counts(),
    },
    history: (unit) => daemon.history(unit),
    reexec,
    onBug: (error) => daemon.note(told("error", "control.bug", String(error))),
  });
  if (!served.ok) return served;
  const listening = served.value.listen(listenOf(files.settings));
  if (listening.ok) listening.value.commit();
  else void served.value.close();
  heirlooms.close();
  return listening.ok ? served : listening;
}

/** Replaces this program by the next, once that says that it can go on here; the client has its answer by then. */
function reexecOf(daemon: Daemon, output: ReturnType<typeof writeOut>, control: () => ControlServer): Reexec {
  const replace = async (next: Successor): Promise<void> => {
    daemon.note(told("info", "supervisor.reexec", `the program is replaced by ${next.launcher}`));
    await Promise.all([output.drained(), control().suspend()]);
    daemon.pause();
    daemon.note(told("error", "supervisor.reexec-failed", `the program could not be replaced: ${become(next)}`));
    control().resume();
  };
  return async (wanted) => {
    const next = successor(wanted);
    const refusal = await checkSuccessor(next);
    if (refusal !== null) {
      return { code: "start-failed", message: `the next program cannot go on here: ${refusal}`, retry: "later" };
    }
    setTimeout(() => void replace(next), ANSWER_MS);
    return null;
  };
}

/** Says on stderr why there is no supervisor. */
function refuse(faults: readonly Fault[], code: number, who = ""): number {
  for (const fault of faults) console.error(`${who}${faultLine(fault)}`);
  return code;
}

/** A change on disk is taken at once where `auto_reload` says so, and else told. */
function watchFiles(root: string, daemon: Daemon, changed: () => void): ReturnType<typeof watchFolders> {
  return watchFolders({
    lookOften,
    folders: ["units", "config"].map((name) => join(root, name)),
    changed,
    failed: (message) => daemon.note(told("warn", "config.unwatched", `changes on disk are not noticed: ${message}`)),
  });
}
