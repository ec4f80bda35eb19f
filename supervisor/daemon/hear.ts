import type { ProcessFact } from "../core/event.ts";
import type { InvocationId } from "../core/facts.ts";
import type { Credentials, Outputs, PrivateListeners, Probing, ProcessEvent } from "./ports.ts";

/** Longest STATUS= that is kept. Units: characters. */
const longestStatus = 500;

export type HearOptions = Readonly<{
  outputs: Outputs;
  credentials: Credentials;
  privates: PrivateListeners;
  probing: Probing;
  /** The listeners that a life's processes do not accept on, though the generation before does. */
  idleListeners: (invocation: InvocationId) => readonly string[];
}>;

/**
 * Turns what the process port says into facts for the core. Output is settled first: what a dead process printed is in its
 * file, and in the tail that explains its end, before anybody decides on it. What was lent to it is taken back.
 */
export function createHear(options: HearOptions, tell: (fact: ProcessFact) => void): (event: ProcessEvent) => void {
  const { outputs, probing } = options;
  return (event) => {
    if (probing.heard(event)) return;
    switch (event.tag) {
      case "spawned":
        outputs.started(event.invocation, event.pid);
        tell({ tag: "spawned", invocation: event.invocation, pid: event.pid });
        break;
      case "spawn-failed":
        outputs.started(event.invocation);
        takeBack(options, event.invocation);
        tell(event);
        break;
      case "notified":
        hearNotification(event, tell, options.idleListeners);
        break;
      case "exited":
        outputs.flush(event.invocation);
        probing.cancel(event.invocation);
        if (event.survivors.length === 0) takeBack(options, event.invocation);
        tell(event);
        break;
      case "emptied":
        outputs.flush(event.invocation);
        takeBack(options, event.invocation);
        tell(event);
        break;
      case "main-pid":
        outputs.started(event.invocation, event.pid);
        tell(event);
        break;
    }
  };
}

function takeBack({ credentials, privates }: HearOptions, invocation: InvocationId): void {
  credentials.close(invocation);
  privates.close(invocation);
}

function hearNotification(
  event: Extract<ProcessEvent, { tag: "notified" }>,
  tell: (fact: ProcessFact) => void,
  idleListeners: (invocation: InvocationId) => readonly string[],
): void {
  const { invocation, fields } = event;
  const text = fields.STATUS?.slice(0, longestStatus) ?? null;
  const errno = errorNumber(fields.ERRNO);
  // Words without an error take back the last error; an error alone leaves the words as they are.
  if (text !== null || errno !== undefined) tell({ tag: "says", invocation, text, errno: errno ?? null });
  if (fields.RELOADING === "1") tell({ tag: "mood", invocation, mood: "reloading" });
  if (fields.READY === "1") {
    const idle = idleListeners(invocation);
    tell({ tag: "ready", invocation, ...(idle.length > 0 && { idle }) });
  }
  if (fields.WATCHDOG === "trigger") tell({ tag: "hung", invocation });
  const everyMs = microseconds(fields.WATCHDOG_USEC);
  if (fields.WATCHDOG === "1" || everyMs !== null) tell({ tag: "alive", invocation, everyMs });
  const byMs = microseconds(fields.EXTEND_TIMEOUT_USEC);
  if (byMs) tell({ tag: "extend", invocation, byMs });
  if (fields.STOPPING === "1") tell({ tag: "mood", invocation, mood: "stopping" });
}

/** Null for 0, which is no error; undefined for what is no number. */
function errorNumber(text: string | undefined): number | null | undefined {
  return text !== undefined && /^\d{1,4}$/.test(text) ? Number(text) || null : undefined;
}

/** Gives milliseconds; null for what is no number. */
function microseconds(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) / 1000 : null;
}
