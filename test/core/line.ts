import { describe } from "../../supervisor/core/cause.ts";
import type { Effect, Report } from "../../supervisor/core/effect.ts";

/**
 * One effect as one short line, with every fact that it carries.
 * Shape: `spawn i1 g1`, `SIGTERM group i1`, `running → stopping: was stopped`, `handover 1 done i2 g2 ready 10`.
 */
export function line(effect: Effect): string {
  switch (effect.tag) {
    case "spawn":
      return `spawn ${short(effect.invocation)} g${effect.generation}${effect.program === effect.invocation ? "" : ` as ${short(effect.program)}`}`;
    case "command": {
      const end = effect.end ? ` after ${effect.end.result}` : "";
      const pid = effect.of.pid === null ? "" : ` pid ${effect.of.pid}`;
      return `run ${effect.kind} ${effect.index} ${effect.invocation} for ${short(effect.of.invocation ?? "nobody")}${pid}${end}`;
    }
    case "ask":
      return `ask ${effect.kind} ${short(effect.invocation)}`;
    case "signal":
      return `${effect.signal} ${effect.scope} ${short(effect.invocation)}`;
    case "report":
      return reported(effect.report);
  }
}

function reported(report: Report): string {
  const who = "invocation" in report && report.invocation !== null ? ` ${short(report.invocation)}` : "";
  const whom = "generation" in report ? `${who} g${report.generation}` : who;
  switch (report.tag) {
    case "moved":
      return `${report.from} → ${report.to}${who}${report.cause ? `: ${describe(report.cause)}` : ""}`;
    case "ready":
      return `ready${whom} after ${report.afterMs}`;
    case "exited":
      return `exited${whom}: ${describe(report.cause)}`;
    case "command-failed":
      return `command${who} ${report.ignored ? "may fail" : "failed"}: ${describe(report.cause)}`;
    case "health":
      return `health${whom} ${report.health} by ${report.kind}: ${report.detail}`;
    case "survived":
      return `survived${whom}: ${report.survivors.map(({ pid, command }) => `${pid} ${command}`).join(", ")}`;
    case "restart-due":
      return `restart ${report.attempt} in ${report.inMs}`;
    case "handover-began":
      return `handover ${report.ticket} began${whom}${report.backTo === null ? "" : ` as g${report.backTo}`}`;
    case "handover-ended": {
      const { ticket, result, invocation, readyMs, drainMs, cause } = report.end;
      const of = invocation === null ? "" : ` ${short(invocation)}`;
      const times = `${readyMs === null ? "" : ` ready ${readyMs}`}${drainMs === null ? "" : ` drain ${drainMs}`}`;
      return `handover ${ticket} ${result}${of} g${report.generation}${times}${cause ? `: ${describe(cause)}` : ""}`;
    }
    case "draining":
      return `draining${whom} limit ${report.limitMs}`;
    case "drained":
      return `drained${whom} after ${report.afterMs}${report.killed ? " killed" : ""}`;
    case "over-limit":
      return `over-limit${whom} ${report.purpose} ${report.limitMs}`;
    case "abandoned":
      return `abandoned${whom}`;
  }
}

/** The world mints 32 hex digits of which the last eight count: `…00000000` is the first. */
export function short(invocation: string): string {
  return invocation.length === 32 ? `i${Number.parseInt(invocation.slice(24), 16) + 1}` : invocation;
}
