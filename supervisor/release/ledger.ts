import { RELEASE_NAME } from "../unit/release.ts";
import { parseRecord } from "./manifest.ts";

/** What became of a release. `reason`: why it is bad. `hash`: the same content is as bad under another name. */
export type Mark = Readonly<{
  release: string;
  hash: string;
  state: "good" | "bad";
  reason: string | null;
  /** RFC 3339. */
  at: string;
}>;

/**
 * A release that is current and has yet to prove itself. `back`: what is gone back to otherwise; null: the root's own files.
 * `watched`: the units that it has changed. Units: `until` monotonic milliseconds, which mean something until the machine is started
 * again: then `boot` is another.
 */
export type Proving = Readonly<{
  release: string;
  back: string | null;
  until: number;
  boot: string;
  watched: readonly string[];
}>;

/**
 * All that is to be known of releases beyond the life of a supervisor, in one file: it says the old thing or the new one.
 *
 * `current` is what a supervisor that starts loads; null: the root's own files. It changes when all handovers of a deployment
 * are done, and before the first of a way back is. So whoever comes after one that was killed in the middle has nothing to find
 * out: it loads `current`, and whatever runs from another release is handed over to that.
 */
export type Ledger = Readonly<{ current: string | null; proving: Proving | null; marks: readonly Mark[] }>;

const FORMAT = 1;
/** So many releases are remembered beyond their own end. */
const MOST_MARKS = 200;

export const blank: Ledger = { current: null, proving: null, marks: [] };

export function encodeLedger(ledger: Ledger): string {
  return `${JSON.stringify({ format: FORMAT, ...ledger }, null, 2)}\n`;
}

/** Null: it cannot be read by this version. */
export function decodeLedger(text: string): Ledger | null {
  const read = parseRecord(text);
  if (!read || read.format !== FORMAT || !isPlace(read.current) || !Array.isArray(read.marks)) return null;
  const proving = read.proving === null ? null : decodeProving(read.proving);
  const marks = read.marks.flatMap((one: unknown) => decodeMark(one) ?? []);
  if (proving === undefined || marks.length < read.marks.length) return null;
  return { current: read.current, proving, marks };
}

/** What became of a release: the newest word on it. */
export function markOf(ledger: Ledger, release: string): Mark | null {
  return ledger.marks.findLast((mark) => mark.release === release) ?? null;
}

/** Why content like this is not to be taken again; null: nothing speaks against it. The newest word on it counts. */
export function badContent(ledger: Ledger, hash: string): Mark | null {
  const last = ledger.marks.findLast((mark) => mark.hash === hash);
  return last?.state === "bad" ? last : null;
}

export function marked(ledger: Ledger, mark: Mark): Ledger {
  const others = ledger.marks.filter(({ release }) => release !== mark.release);
  return { ...ledger, marks: [...others, mark].slice(-MOST_MARKS) };
}

function decodeProving(value: unknown): Proving | undefined {
  const read = record(value);
  if (!read || !isName(read.release) || !isPlace(read.back)) return undefined;
  const { watched, until, boot } = read;
  if (typeof until !== "number" || typeof boot !== "string") return undefined;
  if (!Array.isArray(watched) || !watched.every((one) => typeof one === "string")) return undefined;
  return { release: read.release, back: read.back, until, boot, watched };
}

function decodeMark(value: unknown): Mark | null {
  const read = record(value);
  if (!read || !isName(read.release) || typeof read.hash !== "string" || !isTime(read.at)) return null;
  const { state, reason } = read;
  if ((state !== "good" && state !== "bad") || (reason !== null && typeof reason !== "string")) return null;
  return { release: read.release, hash: read.hash, state, reason, at: read.at };
}

const record = (value: unknown): Readonly<Record<string, unknown>> | null =>
  typeof value === "object" && value !== null ? { ...value } : null;
const isName = (value: unknown): value is string => typeof value === "string" && RELEASE_NAME.test(value);
const isPlace = (value: unknown): value is string | null => value === null || isName(value);
const isTime = (value: unknown): value is string => typeof value === "string" && !Number.isNaN(Date.parse(value));
