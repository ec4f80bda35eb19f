import type { Why, WhyEntry } from "../../unit/why.ts";
import { age } from "./age.ts";
import { clip, printable } from "./printable.ts";

/** `most`: how many things are told at most. */
type Look = Readonly<{ width: number; now: Date; most?: number }>;

/**
 * Renders what happened to a unit, newest first; what another line tells as well is left out.
 * Shape: "api  active since 10:00:03 (2min ago), generation 3\n  10:00:03  started again, attempt 2 of a burst of 5\n …".
 */
export function renderWhy(why: Why, { width, now, most = Infinity }: Look): string {
  const { name, active_state, since, generation, entries } = why;
  const ago = age(now.getTime() - Date.parse(since));
  const of = generation > 0 ? `, generation ${generation}` : "";
  const head = `${name}  ${active_state} since ${time(since, now)} (${ago} ago)${of}`;
  const several = new Set(entries.map((entry) => entry.instance)).size > 1;
  const lines = [head];
  let left = most;
  for (const [at, entry] of entries.entries()) {
    if (left === 0) break;
    const newer = entries[at - 1];
    const life = newer?.life ?? why.life;
    if (life !== entry.life) lines.push(`  ${time(life, now)}  supervisor restarted`);
    const sentence = sentenceOf(entry, newer);
    const whose = several && entry.instance !== null ? `@${entry.instance}  ` : "";
    if (sentence === null) continue;
    left--;
    lines.push(`  ${time(entry.at, now)}  ${whose}${sentence}`);
  }
  if (entries.length === 0) lines.push("  nothing has happened to it yet");
  return lines.map((line) => `${clip(printable(line), width)}\n`).join("");
}

/** Null: another line tells it. */
function sentenceOf(entry: WhyEntry, newer: WhyEntry | undefined): string | null {
  const { event, from, why, text, cause } = entry;
  switch (event) {
    case "service.exited":
      return `${why ?? text}${lastOutput(entry)}`;
    case "service.starting":
      if (from === "waiting") return `started again${why === null ? "" : `, ${why}`}`;
      return why === null ? "started" : `started: ${why}`;
    case "service.stopping":
      if (cause !== null && tellsItself.has(cause.tag)) return null;
      return why === null ? "stopping" : `stopping: ${why}`;
    case "service.inactive":
      if (from === "failed") return why ?? "reset";
      return why === null ? "stopped" : `stopped: ${why}`;
    case "service.restart-due":
      return newer?.event === "service.starting" ? null : text;
    default:
      return text;
  }
}

/** The end of a process has a line of its own. */
const tellsItself: ReadonlySet<string> = new Set(["exit", "signal", "oom", "unseen"]);

function lastOutput({ output }: WhyEntry): string {
  const last = output.at(-1);
  return last === undefined ? "" : ` (last output: ${last})`;
}

/** Shape: "10:00:03" today, "2026-01-06 10:00:03" on any other day, in the zone of the machine. */
function time(rfc3339: string, now: Date): string {
  const at = new Date(rfc3339);
  if (Number.isNaN(at.getTime())) return rfc3339;
  const clock = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(":");
  if (at.toDateString() === now.toDateString()) return clock;
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clock}`;
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}
