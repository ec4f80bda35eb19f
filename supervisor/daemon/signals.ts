import process from "node:process";
import type { SignalName } from "../unit/unit.ts";
import type { Daemon } from "./daemon.ts";
import { told } from "./happening.ts";

/** A script runner passes on the SIGINT that the terminal has sent already: two within this span are one. */
const sameSignalMs = 500;

/**
 * What asks for a graceful stop, also of a process 1, which the kernel spares what it has no handler for. The first two are
 * a user's and a manager's; SIGQUIT and SIGPWR are what some images and LXC stop a container with; Bun's
 * engine keeps SIGPWR for itself, so there it is not heard.
 */
const stopSignals = ["SIGTERM", "SIGINT", "SIGQUIT", "SIGPWR"] as const;

/** What the supervisor hears beside SIGRTMIN+3. */
const heardSignals = [...stopSignals, "SIGUSR1", "SIGUSR2", "SIGHUP"] as const;

/** Keeps signals that come before anybody can act on them. Gives what to call then: they are raised anew. */
export function keepSignals(): () => void {
  const kept: NodeJS.Signals[] = [];
  const keep = (signal: NodeJS.Signals): void => void kept.push(signal);
  for (const signal of heardSignals) process.on(signal, keep);
  return () => {
    for (const signal of heardSignals) process.off(signal, keep);
    for (const signal of kept) process.kill(process.pid, signal);
  };
}

/** Asks to hear SIGRTMIN+3; false when that cannot be. */
export type HearHalt = (heard: () => void) => boolean;

/** Source: the contract, §2, "Signals to the daemon". */
export function hearSignals(daemon: Daemon, hearHalt: HearHalt): void {
  let asked: number | null = null;
  const stop = (signal: SignalName): void => {
    const now = performance.now();
    if (asked !== null && now - asked > sameSignalMs) daemon.killAll();
    asked ??= now;
    daemon.desk.order({ tag: "stop", units: null, cascade: true }, { tag: "signal", signal });
  };
  for (const signal of stopSignals) process.on(signal, () => stop(signal));
  if (!hearHalt(() => stop("SIGRTMIN+3")))
    daemon.note(told("warn", "supervisor.signal-unheard", "SIGRTMIN+3 cannot be heard"));
  process.on("SIGUSR1", () => daemon.reopenOutputs());
  process.on("SIGUSR2", () => {
    daemon.desk.order({ tag: "reload", units: null }, { tag: "signal", signal: "SIGUSR2" });
  });
  process.on("SIGHUP", () => {
    daemon.desk.order({ tag: "reconfigure" }, { tag: "signal", signal: "SIGHUP" });
  });
}
