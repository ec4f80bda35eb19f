import type { Hono } from "hono";
import type { Desk } from "../daemon/ports.ts";
import { type Fault, fail, type Outcome, ok } from "../unit/fault.ts";
import type { LogEntry, LogStream } from "../unit/log-entry.ts";
import type { LogLine } from "../unit/log-line.ts";
import type { LogQuery, LogSource } from "../unit/log-query.ts";
import { parseMoment } from "../unit/moment.ts";
import { problem } from "./problem.ts";
import { streamResponse } from "./stream.ts";

export type LogOptions = Readonly<{
  /** Reads what units printed, batch by batch. When following, an empty batch says that what was kept before is told. */
  logs: (query: LogQuery, signal: AbortSignal) => AsyncIterable<readonly LogEntry[]>;
  closing: AbortSignal;
  onBug: (error: unknown) => void;
}>;

/**
 * Adds the routes that tell what units printed, of one unit or of several, merged by time.
 * Why no pattern for the text: a regular expression may take for ever, and this process has services to look after.
 */
export function addLogs(app: Hono, desk: Desk, options: LogOptions): void {
  const answer = (names: readonly string[], ask: (key: string) => string | undefined): Response => {
    const sources = sourcesOf(desk, names);
    const wanted = readWanted(ask);
    if (!wanted.ok) return problem(wanted.faults);
    const { isJson, ...query } = wanted.value;
    const source = (signal: AbortSignal) => written(options.logs({ ...query, sources }, signal), isJson);
    const contentType = isJson ? "application/x-ndjson" : "text/plain; charset=utf-8";
    return streamResponse(source, { contentType, closing: options.closing, onBug: options.onBug });
  };
  app.get("/v1/units/:name/logs", (c) => {
    const name = c.req.param("name");
    const found = desk.match([name]);
    if (!found.ok) return problem(found.faults);
    const count = sourcesOf(desk, found.value).length;
    if (count !== 1) return problem([invalid(`'${name}' stands for ${count} units, and this route answers for one`)]);
    return answer(found.value, (key) => c.req.query(key));
  });
  app.get("/v1/logs", (c) => {
    const found = desk.match(c.req.queries("unit") ?? ["all"]);
    return found.ok ? answer(found.value, (key) => c.req.query(key)) : problem(found.faults);
  });
}

const LINES_DEFAULT = 10;

/** Shape: `["api@1", "api@2", "redis"]` → api with instances 1 and 2, redis with all. */
function sourcesOf(desk: Desk, names: readonly string[]): readonly LogSource[] {
  const instancesByUnit = new Map<string, readonly number[] | null>();
  for (const name of names) {
    const [unit = "", instance] = name.split("@");
    const known = instancesByUnit.get(unit);
    const isWhole = instance === undefined || known === null;
    instancesByUnit.set(unit, isWhole ? null : [...(known ?? []), Number(instance)]);
  }
  return [...instancesByUnit].map(([unit, instances]) => ({ unit, file: desk.outputFile(unit), instances }));
}

type Wanted = Omit<LogQuery, "sources"> & Readonly<{ isJson: boolean }>;

function readWanted(ask: (key: string) => string | undefined): Outcome<Wanted> {
  const isTimed = ask("since") !== undefined || ask("until") !== undefined;
  const faults: Fault[] = [];
  const take = <T>(read: Outcome<T>): T | null => {
    if (!read.ok) faults.push(...read.faults);
    return read.ok ? read.value : null;
  };
  const wanted = {
    lines: take(readLines(ask("lines"), isTimed ? Infinity : LINES_DEFAULT)) ?? 0,
    follow: isSet(ask("follow")),
    sinceMs: take(readMoment("since", ask("since"))),
    untilMs: take(readMoment("until", ask("until"))),
    stream: take(oneOf<LogStream>("stream", ask("stream"), ["stdout", "stderr"])),
    isJson: take(oneOf("output", ask("output"), ["raw", "json"])) === "json",
  };
  if (wanted.follow && ask("until") !== undefined) faults.push(invalid("until: what is followed has no end"));
  const [first, ...rest] = faults;
  return first ? fail(first, ...rest) : ok(wanted);
}

function readLines(text: string | undefined, absent: number): Outcome<number> {
  if (text === undefined) return ok(absent);
  if (text === "all") return ok(Infinity);
  if (/^\d{1,15}$/.test(text)) return ok(Number(text));
  return fail(invalid(`lines: must be a whole number of 0 or more, or all, got '${text}'`));
}

function readMoment(key: string, text: string | undefined): Outcome<number | null> {
  if (text === undefined) return ok(null);
  const moment = parseMoment(text, new Date());
  if (moment !== null) return ok(moment);
  return fail(invalid(`${key}: must be a time such as '2026-11-21 10:00:00' or '10min ago', got '${text}'`));
}

function oneOf<T extends string>(key: string, text: string | undefined, known: readonly T[]): Outcome<T | null> {
  const found = known.find((one) => one === text);
  if (text === undefined || found !== undefined) return ok(found ?? null);
  return fail(invalid(`${key}: must be ${known.join(" or ")}, got '${text}'`));
}

function isSet(flag: string | undefined): boolean {
  return flag !== undefined && flag !== "0" && flag !== "false";
}

async function* written(batches: AsyncIterable<readonly LogEntry[]>, isJson: boolean): AsyncGenerator<string> {
  for await (const batch of batches) {
    if (isJson) yield batch.length > 0 ? batch.map(jsonLine).join("") : "\n";
    else if (batch.length > 0) yield batch.map(({ stamp, text }) => `${stamp}${text}\n`).join("");
  }
}

function jsonLine(entry: LogEntry): string {
  const { timeMs, unit, instance, stream, pid, invocation, generation, stamp, text } = entry;
  const time = timeMs === null ? null : new Date(timeMs).toISOString();
  const writer = { instance, stream, pid, invocation_id: invocation, generation };
  const line: LogLine = { time, unit, ...writer, ...(stamp !== "" && { stamp }), text };
  return `${JSON.stringify(line)}\n`;
}

function invalid(message: string): Fault {
  return { code: "request-invalid", message, retry: "never" };
}
