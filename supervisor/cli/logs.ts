import type { LogLine } from "../unit/log-line.ts";
import type { Context } from "./context.ts";
import { exit } from "./exit.ts";
import { type LogsWanted, readLogsWanted } from "./logs-wanted.ts";
import { namedLine, shortLine } from "./render/log-line.ts";
import { tellMiss } from "./tell.ts";

/**
 * Prints what units printed, merged by time. With several units each line names its own, unless told how to look.
 * Why patterns are met here: a regular expression may take for ever, and the daemon has services to look after.
 */
export async function run(context: Context): Promise<number> {
  const wanted = readLogsWanted(context);
  if (wanted === null) return exit.usage;
  const { follow, since, until, stream, grep } = wanted;
  const client = context.client();
  const status = await client.status(context.args);
  if (status.tag !== "ok") return tellMiss(context, status, "query");
  const look = wanted.look ?? (status.value.units.length > 1 ? "named" : "raw");
  const output = look === "raw" && grep === null ? "raw" : "json";
  const lines = grep === null ? wanted.lines : "all";
  const { signal } = new AbortController();
  const reply = await client.printed(context.args, { lines, follow, since, until, stream, output, signal });
  if (reply.tag !== "ok") return tellMiss(context, reply, "query");
  if (output === "raw") for await (const piece of reply.value) context.out(piece);
  else await printLines(context, reply.value, { ...wanted, look });
  return exit.done;
}

type Look = Readonly<{ look: "short" | "json" | "raw" | "named" }> & Omit<LogsWanted, "look">;

async function printLines(context: Context, pieces: AsyncIterable<string>, wanted: Look): Promise<void> {
  const { grep, lines, follow } = wanted;
  const last = grep !== null && lines !== "all" ? new Last(lines) : null;
  let isPast = true;
  for await (const whole of wholeLines(pieces)) {
    let printed = "";
    for (const json of whole) {
      if (json === "") {
        // All that was kept before has come.
        isPast = false;
        printed += last?.give() ?? "";
        continue;
      }
      const line: LogLine = JSON.parse(json);
      if (grep !== null && !grep.test(line.text)) continue;
      const text = `${wanted.look === "json" ? json : render(line, wanted.look, context.colour)}\n`;
      if (last && isPast) last.take(text);
      else printed += text;
    }
    if (printed !== "") context.out(printed);
  }
  if (last && (isPast || !follow)) context.out(last.give());
}

function render(line: LogLine, look: "short" | "raw" | "named", colour: boolean): string {
  switch (look) {
    case "short":
      return shortLine(line, colour);
    case "named":
      return namedLine(line, colour);
    case "raw":
      return `${line.stamp ?? ""}${line.text}`;
  }
}

/** Cuts pieces into lines; those that end in one piece come together. */
async function* wholeLines(pieces: AsyncIterable<string>): AsyncGenerator<readonly string[]> {
  let held: string[] = [];
  for await (const piece of pieces) {
    const lines = piece.split("\n");
    const rest = lines.pop() ?? "";
    if (lines.length > 0) {
      lines[0] = held.join("") + (lines[0] ?? "");
      held = [];
      yield lines;
    }
    held.push(rest);
  }
}

/** Keeps the last few texts. */
class Last {
  readonly #most: number;
  #texts: string[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  take(text: string): void {
    this.#texts.push(text);
    if (this.#texts.length > this.#most * 2 + 64) this.#texts = this.#texts.slice(this.#texts.length - this.#most);
  }

  give(): string {
    const kept = this.#most === 0 ? [] : this.#texts.slice(-this.#most);
    this.#texts = [];
    return kept.join("");
  }
}
