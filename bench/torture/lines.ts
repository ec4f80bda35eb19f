import { createReadStream, readdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** One stream of one process. `ended`: how many lines there were by its own last word. */
type Stream = { last: number; ended: number | null };

/**
 * Shape of `faults`: `"slow: 0123… 42 out: 7 follows 5"`. `repeated`: invocations that had a second process, since the supervisor was
 * killed between the start of the first and the note of it, and that one had ended before the next supervisor could see it.
 */
export type Printed = Readonly<{ lines: number; files: number; repeated: number; faults: readonly string[] }>;

const LINE = /^([0-9a-f]{32} \d+) (out|err) (end )?(\d+)$/;

/** Reads what `services/numbered.sh` printed as one unit, from the oldest file on: each stream's numbers are complete and in order. */
export async function readPrinted(logs: string, unit: string): Promise<Printed> {
  const streams = new Map<string, Stream>();
  const faults: string[] = [];
  const files = filesOf(logs, unit);
  let lines = 0;
  for (const file of files) {
    for await (const line of createInterface({ input: createReadStream(join(logs, file)) })) {
      lines++;
      const fault = take(streams, line);
      if (fault) faults.push(`${unit}, ${file}: ${fault}`);
    }
  }
  for (const [name, { last, ended }] of streams) {
    if (ended === null) faults.push(`${unit}: ${name}: nothing follows ${last}, not even its last word`);
  }
  const processes = new Set([...streams.keys()].map((key) => key.split(" ").slice(0, 2).join(" ")));
  const invocations = new Set([...processes].map((one) => one.split(" ")[0]));
  return { lines, files: files.length, repeated: processes.size - invocations.size, faults };
}

function take(streams: Map<string, Stream>, line: string): string | null {
  const [, process, name, isEnd, digits] = LINE.exec(line) ?? [];
  if (process === undefined) return `not a line of its: ${JSON.stringify(line.slice(0, 200))}`;
  const key = `${process} ${name}`;
  const stream = streams.get(key) ?? { last: 0, ended: null };
  streams.set(key, stream);
  const number = Number(digits);
  const { last, ended } = stream;
  if (ended !== null) return `${key}: ${number} follows its last word`;
  if (isEnd) stream.ended = number;
  else stream.last = number;
  const isNext = number === (isEnd ? last : last + 1);
  return isNext ? null : `${key}: ${isEnd ?? ""}${number} follows ${last}`;
}

/** The oldest first. */
function filesOf(logs: string, unit: string): readonly string[] {
  const found = readdirSync(logs).flatMap((name) => {
    const number = name === `${unit}.log` ? "0" : new RegExp(`^${unit}\\.log\\.(\\d+)$`).exec(name)?.[1];
    return number === undefined ? [] : [{ name, number: Number(number) }];
  });
  return found.toSorted((left, right) => right.number - left.number).map(({ name }) => name);
}
