import type { ProcessFact } from "../core/event.ts";
import type { InvocationId } from "../core/facts.ts";
import type { Outputs, ProcessEvent } from "./ports.ts";

/** Longest STATUS= that is kept. Units: characters. */
const longestStatus = 500;

/**
 * Turns what the process port says into facts for the core. Output is settled first: what a dead process printed is in its
 * file, and in the tail that explains its end, before anybody decides on it.
 */
export function createHear(
  outputs: Outputs,
  tell: (fact: ProcessFact) => void,
  idleListeners: (invocation: InvocationId) => readonly string[] = () => [],
): (event: ProcessEvent) => void {
  return (event) => {
    switch (event.tag) {
      case "spawned":
        outputs.started(event.invocation);
        tell({ tag: "spawned", invocation: event.invocation, pid: event.pid });
        break;
      case "spawn-failed":
        outputs.started(event.invocation);
        tell(event);
        break;
      case "notified":
        hearNotification(event, tell, idleListeners);
        break;
      case "exited":
        outputs.flush(event.invocation);
        tell(event);
        break;
      case "emptied":
        tell(event);
        break;
    }
  };
}

function hearNotification(
  event: Extract<ProcessEvent, { tag: "notified" }>,
  tell: (fact: ProcessFact) => void,
  idleListeners: (invocation: InvocationId) => readonly string[],
): void {
  const { invocation, fields } = event;
  if (fields.STATUS !== undefined) tell({ tag: "says", invocation, text: fields.STATUS.slice(0, longestStatus) });
  if (fields.READY === "1") {
    const idle = idleListeners(invocation);
    tell({ tag: "ready", invocation, ...(idle.length > 0 && { idle }) });
  }
  if (fields.WATCHDOG === "trigger") tell({ tag: "hung", invocation });
  const everyMs = microseconds(fields.WATCHDOG_USEC);
  if (fields.WATCHDOG === "1" || everyMs !== null) tell({ tag: "alive", invocation, everyMs });
  const byMs = microseconds(fields.EXTEND_TIMEOUT_USEC);
  if (byMs) tell({ tag: "extend", invocation, byMs });
}

/** Gives milliseconds; null for what is no number. */
function microseconds(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) / 1000 : null;
}
