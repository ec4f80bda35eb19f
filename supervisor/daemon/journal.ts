import pino from "pino";
import type { Level, Told } from "./happening.ts";

/** The supervisor's own structured log. */
export interface Journal {
  /** Keeps more or less from now on. */
  keep(level: JournalLevel): void;
  write(told: Told, pid: number | null): void;
}

export type JournalLevel = Level | "trace" | "fatal" | "silent";

export type JournalOptions = Readonly<{
  level: JournalLevel;
  /** Lines for people instead of JSON. */
  readable: boolean;
  /** Takes one line; must not throw and must not block. */
  write: (line: string) => void;
}>;

/**
 * Makes the journal: NDJSON by pino, or one short line each for a terminal. The fields are API, the text is not.
 * Shape: `{"level":"info","time":"…","event":"service.ready","unit":"api","generation":2,…,"msg":"ready after 17 ms"}`
 */
export function createJournal(options: JournalOptions): Journal {
  const { write } = options;
  const log = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: options.readable ? (line: string) => write(readable(line)) : write },
  );
  return {
    keep(level) {
      log.level = level;
    },
    write({ level: loudness, text, ...fields }, pid) {
      log[loudness](known({ ...fields, pid }), text);
    },
  };
}

function known(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const there: Record<string, unknown> = {};
  for (const name in fields) if (fields[name] !== null) there[name] = fields[name];
  return there;
}

const marks: Readonly<Record<string, string>> = { error: "✗ ", warn: "! ", fatal: "✗ " };

/** Shape: `14:03:07.120 api  ready after 17 ms (pid 42)` */
function readable(line: string): string {
  const { time, level, unit, pid, msg } = JSON.parse(line) as Record<string, string | undefined>;
  const clock = new Date(time ?? 0).toTimeString().slice(0, 8);
  const who = (unit ?? "supervisor").padEnd(10);
  return `${clock} ${marks[level ?? ""] ?? "  "}${who} ${msg}${pid ? ` (pid ${pid})` : ""}\n`;
}
