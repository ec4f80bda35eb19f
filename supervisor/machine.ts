import { randomBytes } from "node:crypto";
import { join } from "node:path";
import process from "node:process";
import type { Ports } from "./daemon/daemon.ts";
import type { ProcessEvent, Witness } from "./daemon/ports.ts";
import type { HearHalt } from "./daemon/signals.ts";
import { createProbing } from "./health/probing.ts";
import { createFindAcceptor } from "./host/acceptor.ts";
import { createClock } from "./host/clock.ts";
import { commandLineOf, commandOf } from "./host/command-of.ts";
import { createCredentials } from "./host/credentials.ts";
import { createGroups } from "./host/groups.ts";
import { hearHalt } from "./host/halt-signal.ts";
import { createHistoryFiles } from "./host/history-files.ts";
import { takeInherited } from "./host/inherited.ts";
import { createLedger } from "./host/ledger.ts";
import { createListeners } from "./host/listener.ts";
import type { Manager } from "./host/manager.ts";
import { createOpenListeners } from "./host/open-listeners.ts";
import { createPace } from "./host/pace.ts";
import { createPipes } from "./host/pipes.ts";
import { createPrivateListeners } from "./host/private-listener.ts";
import { createProcesses } from "./host/process.ts";
import { createReactor } from "./host/reactor.ts";
import { realPath } from "./host/real-path.ts";
import { runtime } from "./host/runtime.ts";
import { findRuntimes } from "./host/runtimes.ts";
import { createSpeakers } from "./host/speakers.ts";
import { createWitness } from "./host/witness.ts";
import { createOutputs } from "./output/outputs.ts";
import { socketsToBind } from "./unit/listen.ts";

type Closable = Readonly<{ close(): void }>;

/** What the daemon runs on, for real. `hearHalt`: false when SIGRTMIN+3 cannot be heard. */
export type Machine = Closable & Readonly<{ ports: Ports; witness: Witness; hearHalt: HearHalt }>;

/** Where it is written down who is alive. */
export const livesIn = (stateDir: string): string => join(stateDir, "lives");

/** The runtime that this process runs on. */
const self = runtime.version.startsWith("bun") ? "bun" : "deno";

export type MachineOptions = Pick<Ports, "journal" | "disk" | "settings"> &
  Readonly<{ root: string; stateDir: string; version: string; manager: Manager; found: ReadonlyMap<string, number> }>;

/** Puts the real ports together: the part of the composition root that knows the operating system. */
export function openMachine({ root, stateDir, version, manager, found, ...given }: MachineOptions): Machine {
  const reactor = createReactor();
  const [logs, runtimeDir] = [join(stateDir, "logs"), join(stateDir, "run")];
  // Read once: each variable is a call into the runtime, and hundreds of starts read them all.
  const environ = { ...process.env };
  const made: Closable[] = [];
  const keep = <T extends Closable>(port: T): T => {
    made.push(port);
    return port;
  };
  const context = { root, stateDir, environ, runtimePaths: findRuntimes(environ), self } as const;
  const pace = createPace();
  const pipes = createPipes(reactor);
  const credentials = createCredentials(context);
  credentials.sweep();
  const speakers = createSpeakers();
  const listeners = createOpenListeners(createListeners(takeInherited(process.env), found));
  const ports: Ports = {
    ...given,
    clock: createClock(),
    pace,
    listeners,
    outputs: createOutputs({ directory: logs, pipes }),
    processes: (post, note) => {
      const hear = (event: ProcessEvent): void => {
        speakers.heard(event);
        post(event);
      };
      const ledger = createLedger(livesIn(stateDir), note);
      const parts = { reactor, runtimeDir, pace, ledger, groups: createGroups({ note }) };
      return keep(createProcesses({ ...parts, post: hear, note }));
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
    socketsToBind: (unit) => socketsToBind(unit, { root, stateDir, environ }),
    realPath,
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

function haltEar(reactor: Parameters<typeof hearHalt>[0], made: Closable[]): HearHalt {
  return (heard) => {
    const halt = hearHalt(reactor, heard);
    if (halt) made.push(halt);
    return halt !== null;
  };
}
