import { randomBytes } from "node:crypto";
import { join } from "node:path";
import process from "node:process";
import type { Ports } from "./daemon/daemon.ts";
import type { ProcessEvent, Witness } from "./daemon/ports.ts";
import type { HearHalt } from "./daemon/signals.ts";
import { StateLog } from "./daemon/state-log.ts";
import { createProbing } from "./health/probing.ts";
import { createFindAcceptor } from "./host/acceptor.ts";
import { createClock } from "./host/clock.ts";
import { commandLineOf, commandOf } from "./host/command-of.ts";
import type { Keys } from "./host/credential/keys.ts";
import { createCredentials } from "./host/credentials.ts";
import { createGroups } from "./host/groups.ts";
import { hearHalt } from "./host/halt-signal.ts";
import { Heirlooms } from "./host/heirlooms.ts";
import { createHistoryFiles } from "./host/history-files.ts";
import { takeInherited } from "./host/inherited.ts";
import { createLeisure } from "./host/leisure.ts";
import { createListeners } from "./host/listener.ts";
import type { Manager } from "./host/manager.ts";
import { openEstate } from "./host/open-estate.ts";
import { createOpenListeners } from "./host/open-listeners.ts";
import { createPace } from "./host/pace.ts";
import { createParkedListeners } from "./host/parked-listeners.ts";
import { createPipes } from "./host/pipes.ts";
import { createPrivateListeners } from "./host/private-listener.ts";
import { createProcesses } from "./host/process.ts";
import { createReactor } from "./host/reactor.ts";
import { realPath } from "./host/real-path.ts";
import { openRuntimeDir } from "./host/runtime-dir.ts";
import { runtimesHere } from "./host/runtimes.ts";
import { createSpeakers } from "./host/speakers.ts";
import { bootId } from "./host/state-file.ts";
import { createWitness } from "./host/witness.ts";
import { createOutputs } from "./output/outputs.ts";
import { estateIn, type Takeover } from "./takeover.ts";
import { socketsToBind } from "./unit/listen.ts";
import type { Unit } from "./unit/unit.ts";

type Closable = Readonly<{ close(): void }>;

/**
 * What the daemon runs on, for real. `hearHalt`: false when SIGRTMIN+3 cannot be heard. `leaveNothing`: all has ended in order, so
 * whoever comes next begins anew.
 */
export type Machine = Closable &
  Readonly<{ ports: Ports; witness: Witness; heirlooms: Heirlooms; hearHalt: HearHalt; leaveNothing(): void }>;

export type MachineOptions = Pick<Ports, "journal" | "disk" | "settings" | "releases"> &
  Readonly<{
    root: string;
    stateDir: string;
    version: string;
    manager: Manager;
    takeover: Takeover;
    executioner: string | null;
    /** Those of encrypted credentials; closed with the machine. */
    keys: Keys;
  }>;

/** Puts the real ports together: the part of the composition root that knows the operating system. */
export function openMachine({
  root,
  stateDir,
  version,
  manager,
  takeover,
  executioner,
  keys,
  ...given
}: MachineOptions): Machine {
  const reactor = createReactor();
  const logs = join(stateDir, "logs");
  // Read once: each variable is a call into the runtime, and hundreds of starts read them all.
  const environ = { ...process.env };
  const run = openRuntimeDir(stateDir, environ);
  const runtimeDir = run.path;
  const made: Closable[] = [];
  const keep = keeperOf(made);
  const { past, parcels } = takeover;
  const context = { root, stateDir, environ, ...runtimesHere(environ) } as const;
  const pace = createPace(keep(createLeisure()).worked);
  const pipes = createPipes(reactor);
  const credentials = createCredentials({ ...context, keys: keep(keys) });
  credentials.sweep(past);
  const speakers = createSpeakers();
  const estate = openEstate({ places: estateIn(stateDir), runtimeDir, environ, past, parcels, reactor });
  const { parking } = estate;
  const opened = createListeners(takeInherited(process.env), takeover.listeners);
  const listeners = createOpenListeners(createParkedListeners(opened, parking));
  const ports: Ports = {
    ...given,
    ...plainPorts(context),
    pace,
    listeners,
    outputs: createOutputs({ directory: logs, pipes }),
    processes: (post, note) => {
      const parts = { reactor, runtimeDir, pace, executioner, ...estate.of(note), groups: createGroups({ note }) };
      return keep(createProcesses({ ...parts, post: overheard(speakers, post), note }));
    },
    privates: createPrivateListeners(runtimeDir, parking, past, parcels),
    credentials,
    probing: (processes, privates, post) => {
      const findAcceptor = createFindAcceptor((invocation) => processes.members(invocation).map(({ pid }) => pid));
      return keep(createProbing({ processes, pipes, privates, findAcceptor, version, post }));
    },
    stateLog: (failed) => new StateLog({ file: estate.stateFile, boot: bootId(), version, failed }),
    left: takeover.left,
    shuttingDown: () => manager.tell({ STOPPING: "1" }),
  };
  const close = (): void => {
    for (const port of made.toReversed()) port.close();
    reactor.close();
  };
  const leaveNothing = (): void => {
    credentials.sweep();
    estate.leaveNothing();
    run.remove();
  };
  const witness = createWitness(listeners, speakers);
  const heirlooms = new Heirlooms(parcels, parking);
  return { ports, witness, heirlooms, hearHalt: haltEar(reactor, made), leaveNothing, close };
}

/** Those that hold nothing open. */
function plainPorts(context: Parameters<typeof commandOf>[0]) {
  const { stateDir } = context;
  return {
    clock: createClock(),
    dice: () => ({ roll: Math.random(), nonce: randomBytes(12).toString("hex") }),
    command: commandOf(context),
    commandLine: commandLineOf(context),
    socketsToBind: (unit: Unit) => socketsToBind(unit, context),
    realPath,
    outputFile: (unit: string) => join(stateDir, "logs", `${unit}.log`),
    history: createHistoryFiles(join(stateDir, "history")),
  };
}

const keeperOf =
  (made: Closable[]) =>
  <T extends Closable>(port: T): T => {
    made.push(port);
    return port;
  };

/** Whoever speaks is remembered before he is heard. */
function overheard(speakers: ReturnType<typeof createSpeakers>, post: (event: ProcessEvent) => void): typeof post {
  return (event) => {
    speakers.heard(event);
    post(event);
  };
}

function haltEar(reactor: Parameters<typeof hearHalt>[0], made: Closable[]): HearHalt {
  return (heard) => {
    const halt = hearHalt(reactor, heard);
    if (halt) made.push(halt);
    return halt !== null;
  };
}
