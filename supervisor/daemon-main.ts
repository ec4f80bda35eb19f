import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { configFiles, loadConfig } from "../config/load.ts";
import { settingsOf } from "../config/settings.ts";
import manifest from "../package.json" with { type: "json" };
import { type ControlServer, createControlServer } from "./control/server.ts";
import { createDaemon, type Daemon, type Ports } from "./daemon/daemon.ts";
import { exitWith, unknownUnit } from "./daemon/exit-with.ts";
import { told } from "./daemon/happening.ts";
import { createJournal, type Journal, type JournalLevel } from "./daemon/journal.ts";
import type { Disk, Files, ProcessEvent, Settings, Witness } from "./daemon/ports.ts";
import { truthful } from "./daemon/truth.ts";
import { watchFolders } from "./daemon/watch.ts";
import { createProbing } from "./health/probing.ts";
import { createFindAcceptor } from "./host/acceptor.ts";
import { createClock } from "./host/clock.ts";
import { commandLineOf, commandOf } from "./host/command-of.ts";
import { createCredentials } from "./host/credentials.ts";
import { createDisk } from "./host/disk.ts";
import { createGroups } from "./host/groups.ts";
import { hearHalt } from "./host/halt-signal.ts";
import { createHistoryFiles } from "./host/history-files.ts";
import { takeInherited } from "./host/inherited.ts";
import { createListeners } from "./host/listener.ts";
import { createManager, type Manager } from "./host/manager.ts";
import { createOpenListeners } from "./host/open-listeners.ts";
import { createPace } from "./host/pace.ts";
import { createPipes } from "./host/pipes.ts";
import { createPrivateListeners } from "./host/private-listener.ts";
import { createProcesses } from "./host/process.ts";
import { createReactor } from "./host/reactor.ts";
import { runtime } from "./host/runtime.ts";
import { findRuntimes } from "./host/runtimes.ts";
import { scales } from "./host/scales.ts";
import { serveHttp } from "./host/serve.ts";
import { createSpeakers } from "./host/speakers.ts";
import { type Claim, claimStateDir } from "./host/state-dir.ts";
import { writeOut } from "./host/stdout.ts";
import { createWitness } from "./host/witness.ts";
import { createOutputs } from "./output/outputs.ts";
import { query } from "./output/query.ts";
import { type Fault, faultLine, type Outcome, ok } from "./unit/fault.ts";
import { socketsToBind } from "./unit/listen.ts";
import type { Setting } from "./unit/setting.ts";
import type { SignalName, Unit } from "./unit/unit.ts";

/**
 * `listen`: serve the control API on this TCP address too. `verbose`: the journal tells everything.
 * `exitWith`: the unit whose end is the end of everything.
 */
export type DaemonOptions = Readonly<{
  root: string;
  stateDir: string;
  listen?: string;
  verbose?: boolean;
  exitWith?: string;
}>;

/** A script runner passes on the SIGINT that the terminal has sent already: two within this span are one. */
const sameSignalMs = 500;

const { version } = manifest;

/** The exit codes of the contract that the daemon itself can end with. */
const exitCode = { done: 0, failed: 1, unitUnknown: 5, invalid: 6 } as const;

/**
 * Runs the supervisor until it is told to stop; the composition root, where ports meet the daemon.
 * Gives the exit code: 0 after a stop, that of `exitWith` after its end, 1 when it could not begin, 5 when `exitWith` is
 * not there, 6 for invalid units.
 */
export async function runDaemon(options: DaemonOptions): Promise<number> {
  const { root, stateDir } = options;
  const disk = diskOf(options);
  const files = disk.read();
  if (!files.ok) return refuse(files.faults, exitCode.invalid);
  const unknown = options.exitWith === undefined ? null : unknownUnit(options.exitWith, files.value.units);
  if (unknown !== null) {
    console.error(`supervisor start: --exit-with: ${unknown}`);
    return exitCode.unitUnknown;
  }
  const claim = claimStateDir(stateDir);
  if (!claim.ok) {
    console.error(`supervisor start: ${claim.message}`);
    return exitCode.failed;
  }
  const output = writeOut();
  const manager = createManager(process.env);
  const level = levelOf(files.value.settings);
  const journal = createJournal({ level, readable: process.stdout.isTTY === true, write: output.write });
  const host = createHost(options, { manager, journal, disk, settings: settingsPort(journal, () => control) });
  const started = new Date().toISOString();
  const supervisor = { pid: process.pid, version, runtime: runtime.version, started_at: started, root };
  const daemon = createDaemon(files.value, supervisor, host.ports);
  const served = serveControl(daemon, host, { claim, files: files.value });
  if (!served.ok) {
    host.close();
    claim.release();
    return refuse(served.faults, exitCode.failed, "supervisor start: ");
  }
  const control: ControlServer = served.value;
  return live(options, { daemon, host, control, claim, manager, output });
}

type Living = Readonly<{
  daemon: Daemon;
  host: Host;
  control: ControlServer;
  claim: Claim;
  manager: Manager;
  output: ReturnType<typeof writeOut>;
}>;

/** Lets the daemon live until everything is stopped, and takes away what it had. Gives the exit code. */
async function live(options: DaemonOptions, living: Living): Promise<number> {
  const { daemon, host, control, claim, manager, output } = living;
  // Whoever finds the pid file may signal at once, and an unheard SIGUSR2 ends a process.
  hearSignals(daemon, host);
  claim.writePid();
  const text = `supervisor ${version} on ${runtime.version}, pid ${process.pid}, root ${options.root}`;
  daemon.note(told("info", "supervisor.started", text));
  void daemon.boot().then((count) => manager.tell({ READY: "1", STATUS: `${count} units` }));
  manager.watch();
  const watching = watchRoot(options.root, daemon);
  const over = new AbortController();
  const lastWord = options.exitWith === undefined ? null : exitWith(daemon.desk, options.exitWith, over.signal);

  await daemon.stopped;
  over.abort();
  daemon.note(told("info", "supervisor.stopped", "everything is stopped"));
  manager.close();
  await (await watching).close();
  daemon.close();
  host.close();
  await control.close();
  claim.release();
  await output.drained();
  return lastWord?.code() ?? exitCode.done;
}

type Closable = Readonly<{ close(): void }>;
/** `hearHalt`: false when SIGRTMIN+3 cannot be heard. */
type Host = Closable & Readonly<{ ports: Ports; witness: Witness; hearHalt(heard: () => void): boolean }>;

function createHost(
  { root, stateDir }: DaemonOptions,
  { manager, ...given }: Pick<Ports, "journal" | "disk" | "settings"> & Readonly<{ manager: Manager }>,
): Host {
  const reactor = createReactor();
  const logs = join(stateDir, "logs");
  const runtimeDir = join(stateDir, "run");
  const { env } = process;
  const made: Closable[] = [];
  const keep = <T extends Closable>(port: T): T => {
    made.push(port);
    return port;
  };
  const self = runtime.version.startsWith("bun") ? "bun" : "deno";
  const context = { root, stateDir, environ: env, runtimePaths: findRuntimes(env), self } as const;
  const pipes = createPipes(reactor);
  const credentials = createCredentials(context);
  credentials.sweep();
  const speakers = createSpeakers();
  const listeners = createOpenListeners(createListeners(takeInherited(env)));
  const ports: Ports = {
    ...given,
    clock: createClock(),
    pace: createPace(),
    listeners,
    outputs: createOutputs({ directory: logs, pipes }),
    processes: (post, note) => {
      const hear = (event: ProcessEvent): void => {
        speakers.heard(event);
        post(event);
      };
      return keep(createProcesses({ reactor, runtimeDir, post: hear, note, groups: createGroups({ note }) }));
    },
    privates: createPrivateListeners(runtimeDir),
    credentials,
    probing: (processes, privates, post) => {
      const findAcceptor = createFindAcceptor((invocation) => processes.members(invocation).map(({ pid }) => pid));
      return keep(createProbing({ processes, pipes, privates, findAcceptor, version, post }));
    },
    dice: () => ({ roll: Math.random(), nonce: randomBytes(12).toString("hex") }),
    command: commandOf(context),
    commandLine: commandLineOf(context),
    socketsToBind: (unit) => socketsToBind(unit, { root, stateDir, environ: env }),
    outputFile: (unit) => join(logs, `${unit}.log`),
    history: createHistoryFiles(join(stateDir, "history")),
    shuttingDown: () => manager.tell({ STOPPING: "1" }),
  };
  const close = (): void => {
    for (const port of made.toReversed()) port.close();
    credentials.sweep();
    reactor.close();
  };
  return { ports, witness: createWitness(listeners, speakers), hearHalt: haltEar(reactor, made), close };
}

function haltEar(reactor: Parameters<typeof hearHalt>[0], made: Closable[]): Host["hearHalt"] {
  return (heard) => {
    const halt = hearHalt(reactor, heard);
    if (halt) made.push(halt);
    return halt !== null;
  };
}

/** The files of the root. What the command line says is the last layer of the settings. */
function diskOf({ root, stateDir, listen, verbose = false }: DaemonOptions): Disk {
  const { env } = process;
  const flags = [
    ...(listen === undefined ? [] : [{ name: "--listen", values: { "supervisor.listen": listen }, lines: {} }]),
    ...(verbose ? [{ name: "--verbose", values: { "supervisor.log_level": "debug" }, lines: {} }] : []),
  ];
  const settings = (): Outcome<readonly Setting[]> => {
    const loaded = loadConfig({ folder: join(root, "config"), shown: "config", env, layers: flags });
    return loaded.ok ? ok(settingsOf(loaded.value)) : loaded;
  };
  const toBind = (unit: Unit) => socketsToBind(unit, { root, stateDir, environ: env });
  return createDisk({ root, toBind, settings, configFiles: configFiles(env).map((name) => join("config", name)) });
}

/** Source: `config/schema.ts`, which has checked them. */
const levelOf = (settings: readonly Setting[]) => settingOf(settings, "supervisor.log_level") as JournalLevel;
const listenOf = (settings: readonly Setting[]) => settingOf(settings, "supervisor.listen") as string | null;
const reloadsItself = (settings: readonly Setting[]) => settingOf(settings, "supervisor.auto_reload") === true;

function settingOf(settings: readonly Setting[], key: string): Setting["value"] {
  return settings.find((setting) => setting.key === key)?.value ?? null;
}

/** Puts other values of `[supervisor]` into effect. */
function settingsPort(journal: Journal, control: () => ControlServer): Settings {
  return {
    prepare(next) {
      const listening = control().listen(listenOf(next));
      if (!listening.ok) return listening;
      const commit = (): void => {
        listening.value.commit();
        journal.keep(levelOf(next));
      };
      return ok({ ...listening.value, commit });
    },
  };
}

/** Serves the control API on its unix socket, and on TCP when asked: there a bearer token is required. */
function serveControl(
  daemon: Daemon,
  { witness, ports }: Host,
  { claim, files }: Readonly<{ claim: Claim; files: Files }>,
): Outcome<ControlServer> {
  const served = createControlServer(truthful(daemon.desk, witness), {
    socket: claim.socket,
    token: () => claim.token(),
    serve: serveHttp,
    logs: query,
    figures: { scales, privateListener: (invocation) => ports.privates.of(invocation)?.path ?? null },
    history: (unit) => daemon.history(unit),
    onBug: (error) => daemon.note(told("error", "control.bug", String(error))),
  });
  if (!served.ok) return served;
  const listening = served.value.listen(listenOf(files.settings));
  if (listening.ok) listening.value.commit();
  else void served.value.close();
  return listening.ok ? served : listening;
}

/** Says on stderr why there is no supervisor. */
function refuse(faults: readonly Fault[], code: number, who = ""): number {
  for (const fault of faults) console.error(`${who}${faultLine(fault)}`);
  return code;
}

/** A change on disk is taken at once where `auto_reload` says so, and else told. */
function watchRoot(root: string, daemon: Daemon): ReturnType<typeof watchFolders> {
  return watchFolders({
    root,
    folders: ["units", "config"].map((name) => join(root, name)),
    changed: () => daemon.filesChanged(reloadsItself(daemon.desk.settings())),
    failed: (message) => daemon.note(told("warn", "config.unwatched", `changes on disk are not noticed: ${message}`)),
  });
}

/**
 * What asks for a graceful stop, also of a process 1, which the kernel spares what it has no handler for. The first two are
 * a user's and a manager's; SIGQUIT and SIGPWR are what some images and LXC stop a container with; Bun's
 * engine keeps SIGPWR for itself, so there it is not heard.
 */
const stopSignals = ["SIGTERM", "SIGINT", "SIGQUIT", "SIGPWR"] as const;

/** Source: the contract, §2, "Signals to the daemon". */
function hearSignals(daemon: Daemon, host: Host): void {
  let asked: number | null = null;
  const stop = (signal: SignalName): void => {
    const now = performance.now();
    if (asked !== null && now - asked > sameSignalMs) daemon.killAll();
    asked ??= now;
    daemon.desk.order({ tag: "stop", units: null, cascade: true }, { tag: "signal", signal });
  };
  for (const signal of stopSignals) process.on(signal, () => stop(signal));
  if (!host.hearHalt(() => stop("SIGRTMIN+3")))
    daemon.note(told("warn", "supervisor.signal-unheard", "SIGRTMIN+3 cannot be heard"));
  process.on("SIGUSR1", () => daemon.reopenOutputs());
  process.on("SIGUSR2", () => {
    daemon.desk.order({ tag: "reload", units: null }, { tag: "signal", signal: "SIGUSR2" });
  });
  process.on("SIGHUP", () => {
    daemon.desk.order({ tag: "reconfigure" }, { tag: "signal", signal: "SIGHUP" });
  });
}
