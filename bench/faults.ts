import { readdirSync, readFileSync } from "node:fs";
import type { UnitStatus } from "../supervisor/unit/status.ts";
import type { Daemon } from "../test/support/daemon.ts";
import { eventually } from "../test/support/eventually.ts";
import { type Ended, handOver, post, wallMs } from "./handovers.ts";
import { AFTERMATH_MS, connectionsOf, type Loss } from "./loss.ts";
import type { Draw } from "./random.ts";

/** What a soak does to one unit. `port`: where it serves. */
export type Place = Readonly<{
  daemon: Daemon;
  unit: string;
  port: number;
  draw: Draw;
  losses: Loss[];
  /** Writes the unit's file anew, with another value in its environment. */
  rewrite(): void;
}>;

/** One fault, to its end. Shape: null, or what was not as it should be. */
export type Fault = (place: Place) => Promise<string | null>;

const BOUND_MS = 60_000;
const MOST_INSTANCES = 3;
const STORM = 50;

export const faults = {
  "plain handover": async (place) => expecting("done", await handOver(place.daemon, place.unit)),
  "new one exits": (place) => rejected(place, "exit"),
  "new one hangs": (place) => rejected(place, "hang"),
  "new one dies in the soak": (place) => rejected(place, `die-in-soak ${place.draw(200)}`),
  "new one binds another port": (place) => rejected(place, "own-port"),
  "new one is killed": (place) => duringHandover(place, ({ instances }) => instances.at(-1)?.pid ?? null),
  "old one is killed": (place) => duringHandover(place, ({ instances }) => instances[0]?.pid ?? null),
  "old one is stopped": stopped,
  "one is killed": killed,
  "storm of SIGUSR2": storm,
  "config reload": async ({ daemon, rewrite }) => {
    rewrite();
    await post(daemon.controlPath, `/v1/config/reload?wait=${BOUND_MS}ms`);
    return null;
  },
  scale: async ({ daemon, unit, draw }) => {
    await post(daemon.controlPath, `/v1/units/${unit}/scale?wait=${BOUND_MS}ms`, {
      instances: 1 + draw(MOST_INSTANCES),
    });
    return null;
  },
} as const satisfies Readonly<Record<string, Fault>>;

/** Waits until a unit serves with nobody coming or going. */
export function atRest({ daemon, unit }: Pick<Place, "daemon" | "unit">): Promise<UnitStatus> {
  const resting = ({ active_state, instances }: UnitStatus) =>
    active_state === "active" && instances.length > 0 && instances.every(({ phase }) => phase === "running");
  return daemon.until(unit, resting, "it is at rest", BOUND_MS);
}

function expecting(result: string, ended: Ended): string | null {
  return ended.result === result ? null : `${result} was expected: ${ended.result}: ${ended.message}`;
}

/** A reload whose new generation is no good: the old one stays. */
async function rejected({ daemon, unit }: Place, behaviour: string): Promise<string | null> {
  daemon.write(`behaviour-${unit}`, behaviour);
  const ended = await handOver(daemon, unit);
  daemon.write(`behaviour-${unit}`, "serve");
  return expecting("kept-old", ended);
}

async function duringHandover(place: Place, choose: (unit: UnitStatus) => number | null): Promise<string | null> {
  const { daemon, unit, draw } = place;
  const before = await daemon.unit(unit);
  let isOver = false;
  const over = handOver(daemon, unit).finally(() => {
    isOver = true;
  });
  const isBusy = ({ instances }: UnitStatus) => isOver || instances.length > before.instances.length;
  const seen = await daemon.until(unit, isBusy, "there is one more", BOUND_MS);
  await new Promise((resolve) => setTimeout(resolve, draw(300)));
  const pid = isOver ? null : choose(seen);
  if (pid) await kill(place, pid);
  await over;
  return null;
}

async function killed(place: Place): Promise<null> {
  const { instances } = await place.daemon.unit(place.unit);
  const pid = instances[place.draw(instances.length)]?.pid;
  if (pid) await kill(place, pid);
  return null;
}

/** It is stopped first, so that what it has in hand can be counted. */
async function kill(place: Place, pid: number): Promise<void> {
  if (!(await hold(place, pid))) return;
  process.kill(pid, "SIGKILL");
  // Until it was reaped the unit is said to be active, and the next fault would meet this one.
  const isGone = ({ instances }: UnitStatus) => instances.every((instance) => instance.pid !== pid);
  await place.daemon.until(place.unit, isGone, `process ${pid} is gone`, BOUND_MS);
}

/** A stopped process is not heard of any more; the handover must not wait for it longer than its limit. */
async function stopped(place: Place): Promise<string | null> {
  const { daemon, unit, draw, losses } = place;
  const { instances } = await daemon.unit(unit);
  const pid = instances[draw(instances.length)]?.pid;
  if (!pid || !(await hold(place, pid))) return null;
  const loss = losses.at(-1);
  const ended = await handOver(daemon, unit);
  await atRest(place);
  if (loss) loss.untilMs = wallMs() + AFTERMATH_MS;
  return expecting("done", ended);
}

/** Stops a process for good and notes what it has in hand. Shape: false when it is gone already. */
async function hold({ unit, port, losses }: Place, pid: number): Promise<boolean> {
  const fromMs = wallMs();
  try {
    process.kill(pid, "SIGSTOP");
    // It goes on for a moment, and may still accept.
    await eventually(() => areStopped(pid), BOUND_MS, `process ${pid} is stopped`);
    losses.push({ unit, fromMs, untilMs: wallMs() + AFTERMATH_MS, inHand: connectionsOf(pid, port) });
    return true;
  } catch {
    return false; // it ended by itself, with nothing in hand
  }
}

/** Whether no thread of a process runs any more. Errors: throws when it is gone. Source: proc_pid_stat(5), field 3. */
function areStopped(pid: number): boolean {
  return readdirSync(`/proc/${pid}/task`).every((thread) => {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, "latin1");
    return ["T", "t"].includes(stat.slice(stat.lastIndexOf(")") + 2).charAt(0));
  });
}

async function storm({ daemon }: Place): Promise<null> {
  for (let times = 0; times < STORM; times++) daemon.signal("SIGUSR2");
  return null;
}
