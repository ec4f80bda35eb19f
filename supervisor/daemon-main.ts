import { randomBytes } from "node:crypto";
import { join } from "node:path";
import manifest from "../package.json" with { type: "json" };
import { type ControlOptions, createControl } from "./control/routes.ts";
import { createDaemon, type Daemon, type Ports } from "./daemon/daemon.ts";
import { exitWith, unknownUnit } from "./daemon/exit-with.ts";
import { told } from "./daemon/happening.ts";
import { createJournal } from "./daemon/journal.ts";
import type { ProcessEvent, Witness } from "./daemon/ports.ts";
import { truthful } from "./daemon/truth.ts";
import { createProbing } from "./health/probing.ts";
import { createFindAcceptor } from "./host/acceptor.ts";
import { createClock } from "./host/clock.ts";
import { commandLineOf, commandOf } from "./host/command-of.ts";
import { createCredentials } from "./host/credentials.ts";
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
import { type HttpPlace, type HttpServer, runtime } from "./host/runtime.ts";
import { findRuntimes } from "./host/runtimes.ts";
import { scales } from "./host/scales.ts";
import { serveHttp } from "./host/serve.ts";
import { createSpeakers } from "./host/speakers.ts";
import { type Claim, claimStateDir } from "./host/state-dir.ts";
import { writeOut } from "./host/stdout.ts";
import { loadUnits } from "./host/unit-files.ts";
import { createWitness } from "./host/witness.ts";
import { createOutputs } from "./output/outputs.ts";
import { query } from "./output/query.ts";
import { parseAddress } from "./unit/address.ts";
import { faultLine } from "./unit/fault.ts";
import { socketsToBind } from "./unit/listen.ts";
import type { SignalName } from "./unit/unit.ts";

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
/** How long an answer that waits for the stop may take to be written. */
const lastAnswersMs = 500;

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
  const units = loadUnits(root);
  if (!units.ok) {
    for (const fault of units.faults) console.error(faultLine(fault));
    return exitCode.invalid;
  }
  const unknown = options.exitWith === undefined ? null : unknownUnit(options.exitWith, units.value);
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
  const host = createHost(options, manager, output.write);
  const started = new Date().toISOString();
  const supervisor = { pid: process.pid, version, runtime: runtime.version, started_at: started, root };
  const daemon = createDaemon(units.value, supervisor, host.ports);
  const control = serveControl(daemon, host, { claim, listen: options.listen });
  if (!control.ok) {
    console.error(`supervisor start: ${control.message}`);
    host.close();
    claim.release();
    return exitCode.failed;
  }
  // Whoever finds the pid file may signal at once, and an unheard SIGUSR2 ends a process.
  hearSignals(daemon, host);
  claim.writePid();
  const text = `supervisor ${version} on ${runtime.version}, pid ${process.pid}, root ${root}`;
  daemon.note(told("info", "supervisor.started", text));
  void daemon.boot().then((count) => manager.tell({ READY: "1", STATUS: `${count} units` }));
  manager.watch();
  const over = new AbortController();
  const lastWord = options.exitWith === undefined ? null : exitWith(daemon.desk, options.exitWith, over.signal);

  await daemon.stopped;
  over.abort();
  daemon.note(told("info", "supervisor.stopped", "everything is stopped"));
  manager.close();
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
  { root, stateDir, verbose = false }: DaemonOptions,
  manager: Manager,
  write: (line: string) => void,
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
    journal: createJournal({ level: verbose ? "debug" : "info", readable: process.stdout.isTTY === true, write }),
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
  const hear = (heard: () => void): boolean => {
    const halt = hearHalt(reactor, heard);
    return halt !== null && keep(halt) === halt;
  };
  return { ports, witness: createWitness(listeners, speakers), hearHalt: hear, close };
}

type Place = Readonly<{ claim: Claim; listen: string | undefined }>;
type Control = Readonly<{ ok: true; close(): Promise<void> }> | Readonly<{ ok: false; message: string }>;

/** Serves the control API on its unix socket, and on TCP when asked: there a bearer token is required. */
function serveControl(daemon: Daemon, { witness, ports }: Host, { claim, listen }: Place): Control {
  const closing = new AbortController();
  const desk = truthful(daemon.desk, witness);
  const options: Omit<ControlOptions, "token"> = {
    logs: query,
    figures: { scales, privateListener: (invocation) => ports.privates.of(invocation)?.path ?? null },
    history: (unit) => daemon.history(unit),
    closing: closing.signal,
    onBug: (error) => daemon.note(told("error", "control.bug", String(error))),
  };
  const serve = (place: HttpPlace, token: string | null): HttpServer => {
    const control = createControl(desk, { ...options, token });
    return serveHttp((request) => control.fetch(request), place);
  };
  const servers: HttpServer[] = [];
  try {
    servers.push(serve({ path: claim.socket }, null));
    if (listen !== undefined) servers.push(serve(tcpPlace(listen), claim.token()));
  } catch (error) {
    for (const server of servers) void server.close();
    return { ok: false, message: `the control API cannot be served: ${(error as Error).message}` };
  }
  const close = async (): Promise<void> => {
    const tooLong = new Promise((resolve) => setTimeout(resolve, lastAnswersMs));
    closing.abort();
    await Promise.race([Promise.all(servers.map((server) => server.finish())), tooLong]);
    await Promise.all(servers.map((server) => server.close()));
  };
  return { ok: true, close };
}

/** Errors: throws for what is no address. */
function tcpPlace(text: string): HttpPlace {
  const address = parseAddress(text);
  if (address?.tag !== "tcp") throw new Error(`--listen takes HOST:PORT, got '${text}'`);
  return { hostname: address.host === "" ? "::" : address.host, port: address.port };
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
    daemon.note(told("warn", "config.reload-refused", "SIGHUP: reading units anew is not supported yet"));
  });
}
