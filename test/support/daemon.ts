import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import type { Status, UnitStatus } from "../../supervisor/unit/status.ts";
import { askControl } from "./control.ts";
import { eventually } from "./eventually.ts";
import { type Root, type RootOrder, withRoot } from "./root.ts";
import { within } from "./within.ts";

const SETTLE_BOUND_MS = 30_000;
const STOP_BOUND_MS = 20_000;

export type Ended = Readonly<{ code: number | null; signal: NodeJS.Signals | null }>;

/** The real daemon in a throw-away root. */
export interface Daemon extends Root {
  readonly pid: number;
  /** Errors: throws when nobody answers on the control socket. */
  status(): Promise<Status>;
  unit(name: string): Promise<UnitStatus>;
  /** Asks for the unit until it is as wanted. Errors: throws with the last answer after `boundMs` (default 15 s). */
  until(name: string, wanted: (unit: UnitStatus) => boolean, what: string, boundMs?: number): Promise<UnitStatus>;
  /** Waits until every wanted unit is active or failed. Errors: throws when the daemon ends instead. */
  settled(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** Asks it to end with SIGTERM, unless it has ended, and waits for that. */
  stop(): Promise<Ended>;
  ended(boundMs: number): Promise<Ended>;
}

/**
 * Starts a daemon, lends it once every wanted unit is active or failed, and stops it; nothing may be left then.
 * Errors: throws what `use` threw; when the daemon ends by itself; when it does not end with 0 after SIGTERM.
 */
export function withDaemon(order: RootOrder, use: (daemon: Daemon) => Promise<void>): Promise<void> {
  return withRoot(order, async (root) => {
    const daemon = startDaemon(root);
    await daemon.settled();
    await use(daemon);
    const ended = await daemon.stop();
    if (ended.code !== 0 && ended.signal !== "SIGKILL")
      throw new Error(`the daemon ended with ${JSON.stringify(ended)}`);
  });
}

/** Starts the daemon of a root that has none, and does not wait for anything. */
export function startDaemon(root: Root, flags: readonly string[] = []): Daemon {
  const log = openSync(join(root.path, "tmp/daemon.log"), "a");
  const child = root.launch(["start", ...flags], log);
  closeSync(log);
  const end = new Promise<Ended>((resolve) => child.once("exit", (code, signal) => resolve({ code, signal })));
  const ended = (boundMs: number) => within(end, boundMs, "the daemon ends");
  const over = () => child.exitCode !== null || child.signalCode !== null;
  const signal = (name: NodeJS.Signals) => void child.kill(name);
  return {
    ...root,
    pid: child.pid ?? -1,
    status: () => statusOf(root),
    unit: async (name) => pick(await statusOf(root), name),
    until: (name, wanted, what, boundMs = 15_000) => untilUnit(root, { name, wanted, what, boundMs }),
    async settled() {
      await eventually(async () => over() || (await settled(root)), SETTLE_BOUND_MS, "every unit is active or failed");
      if (over()) throw new Error(`the daemon ended while it started: ${JSON.stringify(await end)}`);
    },
    signal,
    ended,
    stop() {
      if (!over()) signal("SIGTERM");
      return ended(STOP_BOUND_MS);
    },
  };
}

/** Starts the daemon of a root that has none, and waits until every wanted unit is active or failed. */
export async function settledDaemon(root: Root): Promise<Daemon> {
  const daemon = startDaemon(root);
  await daemon.settled();
  return daemon;
}

async function statusOf(root: Root): Promise<Status> {
  const reply = await askControl(root.controlPath, "/v1/status");
  if (!reply) throw new Error(`nobody answers on ${root.controlPath}`);
  if (reply.status !== 200) throw new Error(`status ${reply.status}: ${reply.body}`);
  return JSON.parse(reply.body) as Status;
}

async function settled(root: Root): Promise<boolean> {
  if ((await askControl(root.controlPath, "/healthz")) === null) return false;
  const { units } = await statusOf(root);
  return units.every((unit) => unit.wanted === "down" || ["active", "failed"].includes(unit.active_state));
}

type Wait = Readonly<{ name: string; wanted: (unit: UnitStatus) => boolean; what: string; boundMs: number }>;

function untilUnit(root: Root, { name, wanted, what, boundMs }: Wait): Promise<UnitStatus> {
  let last: UnitStatus | null = null;
  const ask = async () => {
    last = pick(await statusOf(root), name);
    return wanted(last) && last;
  };
  return eventually(ask, boundMs, what, () => last);
}

function pick(status: Status, name: string): UnitStatus {
  const unit = status.units.find((candidate) => candidate.name === name);
  if (!unit) throw new Error(`no unit ${name} among ${status.units.map((each) => each.name).join(", ")}`);
  return unit;
}
