import type { Cause } from "../core/cause.ts";
import { unreachable } from "../unit/fault.ts";
import type { Chain, Reason } from "../unit/reason.ts";

/** Gives what the core knows of an end as a chain for programs. */
export function reasonOf(cause: Cause): Chain {
  const [first, ...because] = links(cause);
  return { ...first, because };
}

type Links = readonly [Reason, ...Reason[]];

/** The longest chain there is: a start limit, hit by a command, that exited. More would be a bug, and is cut. */
const longest = 4;

function links(cause: Cause, left = longest): Links {
  const own = reason(cause);
  const inner = behind(cause);
  return inner === null || left <= 1 ? [own] : [own, ...links(inner, left - 1)];
}

function behind(cause: Cause): Cause | null {
  switch (cause.tag) {
    case "start-limit":
      return cause.last;
    case "command":
    case "sibling":
      return cause.by;
    case "old-exited":
      return { tag: "exited", exit: cause.exit, clean: false, ready: true };
    default:
      return null;
  }
}

function reason(cause: Cause): Reason {
  switch (cause.tag) {
    case "exited":
      return ending(cause);
    case "spawn-failed":
      return { tag: "spawn", stage: cause.stage, code: cause.code, message: cause.message };
    case "start-timeout":
      return { tag: "timeout", of: "start", limit_ms: cause.limitMs };
    case "stop-timeout":
      return { tag: "timeout", of: "stop", limit_ms: cause.limitMs };
    case "runtime-max":
      return { tag: "timeout", of: "runtime", limit_ms: cause.limitMs };
    case "late":
      return { tag: "timeout", of: "command", limit_ms: cause.limitMs };
    case "watchdog":
      return { tag: "watchdog", limit_ms: cause.limitMs };
    case "probe":
      return { tag: "probe", kind: cause.kind, failures: cause.failures, detail: cause.detail };
    case "command":
      return { tag: "command", kind: cause.kind, program: cause.program };
    case "start-limit":
      return { tag: "start-limit", burst: cause.burst, interval_ms: cause.intervalMs };
    case "not-serving":
      return { tag: "not-serving", listeners: cause.listeners };
    case "stopping":
      return { tag: "stopping" };
    case "old-exited":
      return { tag: "old-generation" };
    case "sibling":
      return { tag: "sibling", instance: cause.instance };
    case "stopped":
      return { tag: "stopped" };
    default:
      return unreachable(cause);
  }
}

function ending({ exit, ready }: Extract<Cause, { tag: "exited" }>): Reason {
  if (exit.by === "code") return { tag: "exit", code: exit.code, ready };
  if (exit.by === "unknown") return { tag: "unseen", ready };
  if (exit.oom) return { tag: "oom", signal: exit.signal };
  return { tag: "signal", signal: exit.signal, core: exit.core, ready };
}
