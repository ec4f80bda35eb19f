import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import manifest from "../package.json" with { type: "json" };
import { createControl } from "./control/routes.ts";
import { commandOf } from "./daemon/command-of.ts";
import { createDaemon, type Daemon } from "./daemon/daemon.ts";
import { told } from "./daemon/happening.ts";
import { createJournal } from "./daemon/journal.ts";
import { loadUnits } from "./daemon/unit-files.ts";
import { createClock } from "./host/clock.ts";
import { takeInherited } from "./host/inherited.ts";
import { createListeners } from "./host/listener.ts";
import { takeLock } from "./host/lock.ts";
import { createManager } from "./host/manager.ts";
import { createPipes } from "./host/pipes.ts";
import { createProcesses, type HostProcesses } from "./host/process.ts";
import { createReactor } from "./host/reactor.ts";
import { runtime } from "./host/runtime.ts";
import { findRuntimes } from "./host/runtimes.ts";
import { serveHttp } from "./host/serve.ts";
import { writeOut } from "./host/stdout.ts";
import { follow } from "./output/follow.ts";
import { createOutputs } from "./output/outputs.ts";
import { faultLine } from "./unit/fault.ts";
import { socketsToBind } from "./unit/listen.ts";

export type DaemonOptions = Readonly<{ root: string; stateDir: string; listen?: string }>;

const { version } = manifest;

/** The exit codes of the contract that the daemon itself can end with. */
const exitCode = { done: 0, failed: 1, invalid: 6 } as const;

/**
 * Runs the supervisor until it is told to stop; the composition root, where ports meet the daemon.
 * Gives the exit code: 0 after a stop, 1 when it could not begin, 6 for invalid units.
 */
export async function runDaemon({ root, stateDir }: DaemonOptions): Promise<number> {
  const units = loadUnits(root);
  if (!units.ok) {
    for (const fault of units.faults) console.error(faultLine(fault));
    return exitCode.invalid;
  }
  mkdirSync(join(stateDir, "logs"), { recursive: true, mode: 0o700 });
  chmodSync(stateDir, 0o700);
  const lock = takeLock(join(stateDir, "supervisor.lock"));
  if (!lock) {
    console.error(`supervisor start: another supervisor already uses ${stateDir}`);
    return exitCode.failed;
  }
  // Nobody listens on what a killed supervisor left there: the lock is ours.
  rmSync(join(stateDir, "run"), { recursive: true, force: true });
  const output = writeOut();
  const journal = createJournal({ level: "info", readable: process.stdout.isTTY === true, write: output.write });
  const reactor = createReactor();
  const manager = createManager(process.env);
  const outputFile = (unit: string): string => join(stateDir, "logs", `${unit}.log`);
  let processes: HostProcesses | undefined;
  const supervisor = {
    pid: process.pid,
    version,
    runtime: runtime.version,
    started_at: new Date().toISOString(),
    root,
  };
  const daemon = createDaemon(units.value, supervisor, {
    clock: createClock(),
    listeners: createListeners(takeInherited(process.env)),
    outputs: createOutputs({ directory: join(stateDir, "logs"), pipes: createPipes(reactor) }),
    processes: (post) => {
      processes = createProcesses({ reactor, runtimeDir: join(stateDir, "run"), post });
      return processes;
    },
    dice: () => ({ roll: Math.random(), nonce: randomBytes(12).toString("hex") }),
    journal,
    command: commandOf({ root, stateDir, environ: process.env, runtimePaths: findRuntimes(process.env), self: self() }),
    socketsToBind: (unit) => socketsToBind(unit, { root, stateDir, environ: process.env }),
    outputFile,
    shuttingDown: () => manager.tell({ STOPPING: "1" }),
  });
  const closing = new AbortController();
  const control = createControl(daemon.desk, {
    follow: async function* (file, options) {
      for await (const line of follow(file, options)) yield `${line}\n`;
    },
    token: null,
    closing: closing.signal,
    onBug: (error) => daemon.note(told("error", "control.bug", String(error))),
  });
  const server = serveHttp((request) => control.fetch(request), { path: join(stateDir, "control.sock") });
  const pidFile = writePidFile(stateDir);
  hearSignals(daemon);
  daemon.note(
    told("info", "supervisor.started", `supervisor ${version} on ${runtime.version}, pid ${process.pid}, root ${root}`),
  );
  void daemon.boot().then((units) => manager.tell({ READY: "1", STATUS: `${units} units` }));
  manager.watch();

  await daemon.stopped;
  manager.close();
  daemon.note(told("info", "supervisor.stopped", "everything is stopped"));
  closing.abort();
  await server.close();
  daemon.close();
  processes?.close();
  reactor.close();
  rmSync(join(stateDir, "control.sock"), { force: true });
  pidFile.remove();
  lock.release();
  await output.drained();
  return exitCode.done;
}

function self(): "bun" | "deno" {
  return runtime.version.startsWith("bun") ? "bun" : "deno";
}

/** Written whole or not at all; removed only while it is still ours. */
function writePidFile(stateDir: string): Readonly<{ remove(): void }> {
  const path = join(stateDir, "supervisor.pid");
  const text = `${process.pid}\n`;
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
  const remove = (): void => {
    if (readFileSync(path, "utf8") === text) rmSync(path);
  };
  return { remove };
}

/** Source: the contract, §2, "Signals to the daemon". */
function hearSignals(daemon: Daemon): void {
  let asked = false;
  const stop = (): void => {
    if (asked) daemon.killAll();
    asked = true;
    daemon.desk.order({ tag: "stop", units: null, cascade: true });
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  process.on("SIGUSR2", () => {
    daemon.desk.order({ tag: "reload", units: null });
  });
  process.on("SIGUSR1", () => daemon.reopenOutputs());
  process.on("SIGHUP", () =>
    daemon.note(told("warn", "config.reload-refused", "SIGHUP: reading units anew is not supported yet")),
  );
}
