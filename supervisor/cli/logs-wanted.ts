import { parseMoment } from "../unit/moment.ts";
import type { Context } from "./context.ts";
import { readCount } from "./count.ts";

/** What the flags of `logs` ask for. */
export type LogsWanted = Readonly<{
  lines: number | "all";
  follow: boolean;
  /** RFC 3339. */
  since: string | null;
  until: string | null;
  stream: string | null;
  grep: RegExp | null;
  /** Null: raw, each line with its unit's name when there are several. */
  look: "short" | "json" | "raw" | null;
}>;

const LINES_DEFAULT = 10;

/** Reads the flags. `null`: one of them is wrong, and that has been said. */
export function readLogsWanted(context: Context): LogsWanted | null {
  const { flags, json, verb } = context;
  const refuse = (flag: string, message: string): null => {
    context.err(`supervisor ${verb}: --${flag}: ${message}`);
    return null;
  };
  const follow = flags.follow === true;
  const limit = readCount(context, "lines", LINES_DEFAULT);
  if (limit === null) return null;
  const [since, until] = ["since", "until"].map((flag) => readTime(flags[flag], context.now()));
  if (since === undefined || until === undefined) {
    const flag = since === undefined ? "since" : "until";
    return refuse(flag, `must be a time such as '2026-11-21 10:00:00' or '10min ago', got '${flags[flag]}'`);
  }
  if (follow && until !== null) return refuse("until", "what is followed has no end; leave out --follow");
  const grep = readPattern(flags.grep);
  if (typeof grep === "string") return refuse("grep", grep);
  const { stream = null, output = json ? "json" : null } = flags;
  if (stream !== null && stream !== "stdout" && stream !== "stderr") {
    return refuse("stream", `must be stdout or stderr, got '${stream}'`);
  }
  const look = LOOKS.find((one) => one === output);
  if (look === undefined) return refuse("output", `must be short, json or raw, got '${output}'`);
  const isChosen = since !== null || until !== null || (grep !== null && !follow);
  const lines = flags.lines === undefined && isChosen ? "all" : limit;
  return { lines, follow, since, until, stream, grep, look };
}

const LOOKS = ["short", "json", "raw", null] as const;

/** Gives RFC 3339; null without the flag, undefined for what is no time. */
function readTime(text: string | true | undefined, now: Date): string | null | undefined {
  if (typeof text !== "string") return null;
  const moment = parseMoment(text, now);
  return moment === null ? undefined : new Date(moment).toISOString();
}

/** A string says what is wrong with the pattern. */
function readPattern(text: string | true | undefined): RegExp | null | string {
  if (typeof text !== "string") return null;
  try {
    return new RegExp(text, "u");
  } catch (error) {
    // The runtimes word it differently, but both say more than that it is wrong.
    const reason =
      error instanceof Error ? error.message.replace(/^Invalid regular expression:\s*/, "") : String(error);
    return `is no regular expression: ${reason}`;
  }
}
