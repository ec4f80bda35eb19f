import type { InvocationId, Survivor } from "../core/facts.ts";
import type { ProcessEvent } from "../daemon/ports.ts";
import { commandOf, isEventLoop, readStat } from "./procfs.ts";

/** Remembers who said READY where that was not the main process: a wrapper outlives the one that really serves. */
export interface Speakers {
  heard(event: ProcessEvent): void;
  /** Null: it lives, or it was the main process, or a helper such as systemd-notify. */
  lost(invocation: InvocationId): Survivor | null;
}

type Speaker = Survivor & Readonly<{ startTicks: number }>;

export function createSpeakers(): Speakers {
  const mains = new Map<InvocationId, number>();
  const speakers = new Map<InvocationId, Speaker>();
  const heard = (event: ProcessEvent): void => {
    const { invocation } = event;
    switch (event.tag) {
      case "spawned":
      case "main-pid":
        mains.set(invocation, event.pid);
        break;
      case "notified": {
        const speaker = event.fields.READY === "1" && event.pid !== mains.get(invocation) ? seen(event.pid) : null;
        if (speaker) speakers.set(invocation, speaker);
        break;
      }
      case "exited":
      case "spawn-failed":
        mains.delete(invocation);
        speakers.delete(invocation);
    }
  };
  const lost = (invocation: InvocationId): Survivor | null => {
    const speaker = speakers.get(invocation);
    if (!speaker || speaker.pid === mains.get(invocation)) return null;
    const stat = readStat(speaker.pid);
    const lives = stat !== null && stat.state !== "Z" && stat.startTicks === speaker.startTicks;
    return lives ? null : { pid: speaker.pid, command: speaker.command };
  };
  return { heard, lost };
}

/** Null for one that is gone already, or that waits for nothing: it came to say READY, and not to stay. */
function seen(pid: number): Speaker | null {
  const stat = readStat(pid);
  if (!stat || !isEventLoop(pid)) return null;
  return { pid, command: commandOf(pid, stat.comm), startTicks: stat.startTicks };
}
