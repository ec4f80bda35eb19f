import type { LogLine } from "../../unit/log-line.ts";
import { paint } from "./paint.ts";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/**
 * Renders a line of output as journalctl does, in the zone of the machine.
 * Shape: "Nov 21 10:00:00.123 api@1[42]: text"; "- api: text" of a line that nothing is known of. What went to stderr has a red name.
 */
export function shortLine(line: LogLine, colour: boolean): string {
  const { time, unit, instance, stream, pid, text } = line;
  const name = `${unit}${instance === null ? "" : `@${instance}`}${pid === null ? "" : `[${pid}]`}`;
  const stamp = paint(time === null ? "-" : shortStamp(new Date(time)), "faint", colour);
  return `${stamp} ${paint(name, stream === "stderr" ? "red" : "bold", colour)}: ${text}`;
}

/** Renders a line of output with the name of its unit. Shape: "api: text". */
export function namedLine({ unit, stream, stamp = "", text }: LogLine, colour: boolean): string {
  return `${paint(unit, stream === "stderr" ? "red" : "bold", colour)}: ${stamp}${text}`;
}

function shortStamp(at: Date): string {
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => padded(part, 2)).join(":");
  return `${MONTHS[at.getMonth()]} ${padded(at.getDate(), 2)} ${time}.${padded(at.getMilliseconds(), 3)}`;
}

function padded(number: number, digits: number): string {
  return String(number).padStart(digits, "0");
}
