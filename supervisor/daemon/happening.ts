import { describe } from "../core/cause.ts";
import type { Report } from "../core/effect.ts";
import type { Phase } from "../core/state.ts";
import type { Whom } from "../core/world.ts";
import { unreachable } from "../unit/fault.ts";
import type { Chain } from "../unit/reason.ts";
import { reasonOf } from "./reason.ts";

/** How loud a happening is. Source: house style: error a unit failed, warn something was retried or cut, info a change, debug the rest. */
export type Level = "debug" | "info" | "warn" | "error";

/** One happening before it gets its number and its time. `text` is for people and may change; the rest is API. */
export type Told = Readonly<{
  level: Level;
  event: string;
  text: string;
  unit: string | null;
  instance: number | null;
  invocation: string | null;
  generation: number | null;
  from: string | null;
  to: string | null;
  why: string | null;
  cause: Chain | null;
  duration_ms: number | null;
}>;

const nothing = {
  unit: null,
  instance: null,
  invocation: null,
  generation: null,
  from: null,
  to: null,
  why: null,
  cause: null,
  duration_ms: null,
};

/** Something that concerns the supervisor itself. */
export const told = (level: Level, event: string, text: string): Told => ({ ...nothing, level, event, text });

/** Words a report of the core. Exhaustive: a new kind of report does not compile until it has its words. */
export function tell(whom: Whom, report: Report): Told {
  return { ...word(whom, report), cause: causeOf(report), duration_ms: durationOf(report) };
}

function causeOf(report: Report): Chain | null {
  const cause = report.tag === "handover-ended" ? report.end.cause : "cause" in report ? report.cause : null;
  return cause && reasonOf(cause);
}

/** How long it took, or is going to take. */
function durationOf(report: Report): number | null {
  const ms = "afterMs" in report ? report.afterMs : report.tag === "restart-due" ? report.inMs : null;
  return ms === null ? null : Math.round(ms);
}

function word({ unit, instance }: Whom, report: Report): Told {
  const of = { ...nothing, unit, instance, invocation: "invocation" in report ? report.invocation : null };
  const by = { ...of, generation: "generation" in report ? report.generation : null };
  switch (report.tag) {
    case "moved":
      return tellMove(of, report);
    case "ready":
      return { ...by, level: "info", event: "service.ready", text: `ready after ${Math.round(report.afterMs)} ms` };
    case "exited": {
      const why = describe(report.cause);
      return { ...by, level: "debug", event: "service.exited", text: why, why };
    }
    case "command-failed":
      return tellCommand(of, report);
    case "health":
      return tellHealth(by, report);
    case "survived": {
      const why = report.survivors
        .map(({ pid, command }) => (pid > 0 ? `${command} (pid ${pid})` : command))
        .join(", ");
      return { ...of, level: "warn", event: "service.survivors", text: `left behind in its group: ${why}`, why };
    }
    case "restart-due": {
      const text = `restart ${report.attempt} in ${Math.round(report.inMs)} ms`;
      return { ...of, level: "warn", event: "service.restart-due", text };
    }
    case "handover-began": {
      const as = report.backTo === null ? "" : `, as generation ${report.backTo} was`;
      const text = `generation ${report.generation} is started beside it${as}`;
      return { ...by, level: "info", event: "handover.began", text };
    }
    case "handover-ended":
      return tellHandover(by, report);
    case "draining": {
      const text = `generation ${report.generation} drains, at most ${report.limitMs / 1000} s`;
      return { ...by, level: "info", event: "handover.draining", text };
    }
    case "drained":
      return tellDrained(by, report);
    case "over-limit": {
      const deed = report.purpose === "drain" ? "drained" : "stopped";
      const text = `not ${deed} within ${report.limitMs / 1000} s: killed`;
      return { ...by, level: "warn", event: "service.over-limit", text, why: text };
    }
    case "abandoned":
      return { ...by, level: "error", event: "service.abandoned", text: "does not end and is given up" };
    default:
      return unreachable(report);
  }
}

function tellCommand(of: Of, { cause, ignored }: Extract<Report, { tag: "command-failed" }>): Told {
  const why = describe(cause);
  if (ignored) return { ...of, level: "info", event: "command.ignored", text: `${why} (ignored)`, why };
  return { ...of, level: "warn", event: "command.failed", text: why, why };
}

function tellHealth(by: Of, { health, kind, detail }: Extract<Report, { tag: "health" }>): Told {
  const level = health === "unhealthy" ? "warn" : "info";
  const why = `${kind} probe ${detail}`;
  return { ...by, level, event: `health.${health}`, text: `${health}: its ${why}`, why };
}

type Of = Omit<Told, "level" | "event" | "text">;

function tellMove(of: Of, report: Extract<Report, { tag: "moved" }>): Told {
  const { from, to, cause } = report;
  const why = cause ? describe(cause) : null;
  const level = levels[to];
  return { ...of, level, event: `service.${to}`, from, to, why, text: why ? `${to}: ${why}` : to };
}

/** A move that another report tells better is for the event stream alone. */
const levels: Readonly<Record<Phase["tag"], Level>> = {
  inactive: "info",
  starting: "debug",
  running: "debug",
  replacing: "debug",
  soaking: "debug",
  stopping: "info",
  waiting: "debug",
  finished: "info",
  failed: "error",
};

function tellHandover(of: Of, { end }: Extract<Report, { tag: "handover-ended" }>): Told {
  const why = end.cause ? describe(end.cause) : null;
  if (end.result === "done") {
    const as = end.back ? ", back at the program before" : "";
    return {
      ...of,
      level: "info",
      event: "handover.done",
      text: `generation ${of.generation} has taken over${as}`,
      why,
    };
  }
  const kept = end.back ? "cannot go back, the newer program stays" : "the old generation stays";
  const outcome = end.result === "kept-old" ? kept : "the handover has failed";
  const who = end.cause?.tag === "sibling" ? "" : `generation ${of.generation} `;
  const text = why ? `${outcome}: ${who}${why}` : outcome;
  return { ...of, level: "error", event: `handover.${end.result}`, text, why };
}

function tellDrained(of: Of, report: Extract<Report, { tag: "drained" }>): Told {
  const took = `${Math.round(report.afterMs)} ms`;
  if (report.killed) {
    return {
      ...of,
      level: "warn",
      event: "handover.drain-killed",
      text: `generation ${of.generation} was killed after ${took}`,
    };
  }
  return { ...of, level: "info", event: "handover.drained", text: `generation ${of.generation} drained in ${took}` };
}
