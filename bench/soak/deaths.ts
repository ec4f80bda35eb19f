import { readdirSync, readFileSync } from "node:fs";
import type { UnitStatus } from "../../supervisor/unit/status.ts";
import { eventually } from "../../test/support/eventually.ts";
import { handOver, wallMs } from "../handovers.ts";
import { AFTERMATH_MS, connectionsOf } from "./loss.ts";
import { atRest, BOUND_MS, expecting, type Place, pause } from "./place.ts";

const LONGEST_PAUSE_MS = 300;

/** Kills those that are chosen, at some moment of a handover. */
export async function killDuringHandover(
  place: Place,
  choose: (unit: UnitStatus) => readonly (number | null | undefined)[],
): Promise<null> {
  const { daemon, unit, draw } = place;
  const before = await daemon.unit(unit);
  let isOver = false;
  const over = handOver(daemon, unit).finally(() => {
    isOver = true;
  });
  const isBusy = ({ instances }: UnitStatus) => isOver || instances.length > before.instances.length;
  const seen = await daemon.until(unit, isBusy, "there is one more", BOUND_MS);
  await pause(draw(LONGEST_PAUSE_MS));
  const pids = isOver ? [] : choose(seen);
  await Promise.all(pids.map((pid) => pid && kill(place, pid)));
  await over;
  return null;
}

export async function killOne(place: Place): Promise<null> {
  const { instances } = await place.daemon.unit(place.unit);
  const pid = instances[place.draw(instances.length)]?.pid;
  if (pid) await kill(place, pid);
  return null;
}

/** A stopped process is not heard of any more; the handover must not wait for it longer than its limit. */
export async function stopOne(place: Place): Promise<string | null> {
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

/** It is stopped first, so that what it has in hand can be counted. */
async function kill(place: Place, pid: number): Promise<void> {
  if (!(await hold(place, pid))) return;
  process.kill(pid, "SIGKILL");
  // Until it was reaped the unit is said to be active, and the next fault would meet this one.
  const isGone = ({ instances }: UnitStatus) => instances.every((instance) => instance.pid !== pid);
  await place.daemon.until(place.unit, isGone, `process ${pid} is gone`, BOUND_MS);
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
