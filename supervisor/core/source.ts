/**
 * How a remote source of settings is asked, again and again, so that it can hold its answer back until there is news.
 *
 * | the last answer                          | what is asked next                        | when                            |
 * | ---------------------------------------- | ----------------------------------------- | ------------------------------- |
 * | none yet, or trouble                     | plainly, so that it answers at once       | at once; after a growing pause  |
 * | an index                                 | for what is newer, to be held back        | at once, as long as that is rare |
 * | an index that is lower than the last one | plainly: the count has begun anew         | the same                        |
 * | an ETag                                  | for what is another, to be held back      | the same                        |
 * | neither                                  | plainly                                   | the same, which makes it a poll |
 *
 * Source: Consul, "Blocking Queries": an index that goes backwards is reset, one below 1 counts as 1, and who is answered again and
 * again at once slows down, by a token bucket; RFC 9110 for ETag, RFC 7240 for `Prefer: wait`.
 */
export type Poll = Readonly<{
  /** X-Consul-Index; null: the source gives none, or it is to be asked plainly. */
  index: number | null;
  etag: string | null;
  /** What it said last. */
  text: string | null;
  /** In a row. */
  failures: number;
  /** When the bucket is full again. Units: milliseconds, on the clock of the caller. */
  fullAtMs: number;
}>;

/** One question. `limitMs`: the whole answer is there by then, or it counts as none. */
export type SourceRequest = Readonly<{ url: string; headers: Readonly<Record<string, string>>; limitMs: number }>;

export type SourceAnswer = Readonly<
  | { tag: "text"; text: string; index: string | null; etag: string | null }
  | { tag: "unchanged" }
  | { tag: "trouble"; why: string }
>;

/** `news`: what it says now, when that is something else than before. */
export type Step = Readonly<{ poll: Poll; afterMs: number; news: string | null }>;

/** How long the source may hold back its answer; Consul adds up to a sixteenth to that. */
const WAIT_SEC = 55;
/** How long any other answer may take, and what is added to that for the way. */
const ANSWER_MS = 10_000;
/** One question in this time, but for a few in a row. */
const PACE_MS = 5_000;
const IN_A_ROW = 5;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
/** The part of a pause that jitter may take away. */
const JITTER = 0.5;

/** `text`: what is known from before, and no news. */
export const beginPoll = (text: string | null): Poll => ({ index: null, etag: null, text, failures: 0, fullAtMs: 0 });

/** Shape of `url`: `https://host/settings.toml`; `consul://host:8500/app/settings` and `consul+https://…` name a key. */
export function requestOf(url: string, { index, etag }: Poll): SourceRequest {
  const address = addressOf(url);
  const heldMs = WAIT_SEC * 1000 * (1 + 1 / 16) + ANSWER_MS;
  if (index !== null) {
    const query = `index=${index}&wait=${WAIT_SEC}s`;
    return { url: `${address}${address.includes("?") ? "&" : "?"}${query}`, headers: {}, limitMs: heldMs };
  }
  if (etag === null) return { url: address, headers: {}, limitMs: ANSWER_MS };
  return { url: address, headers: { "If-None-Match": etag, Prefer: `wait=${WAIT_SEC}` }, limitMs: heldMs };
}

/** What follows from an answer. Units: `roll` is uniform in [0, 1). */
export function stepPoll(poll: Poll, answer: SourceAnswer, nowMs: number, roll: number): Step {
  if (answer.tag === "trouble") {
    const failures = poll.failures + 1;
    // What it counted by may be gone with what it was.
    const next = { ...poll, index: null, etag: null, failures };
    return { poll: next, afterMs: pauseMs(failures, roll), news: null };
  }
  const fullAtMs = Math.max(poll.fullAtMs, nowMs) + PACE_MS;
  const afterMs = Math.max(0, fullAtMs - nowMs - IN_A_ROW * PACE_MS);
  const good = { ...poll, failures: 0, fullAtMs };
  if (answer.tag === "unchanged") return { poll: good, afterMs, news: null };
  const { text, etag } = answer;
  const index = indexAfter(poll.index, answer.index);
  return { poll: { ...good, text, index, etag }, afterMs, news: text === poll.text ? null : text };
}

function indexAfter(before: number | null, given: string | null): number | null {
  if (given === null || !/^\d{1,20}$/.test(given)) return null;
  const index = Math.max(1, Number(given));
  return before !== null && index < before ? null : index;
}

function pauseMs(failures: number, roll: number): number {
  const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 10));
  return Math.round(longest * (1 - JITTER * roll));
}

function addressOf(url: string): string {
  const [, scheme = "http", host = "", key = ""] = /^consul(?:\+(https))?:\/\/([^/]+)\/(.*)$/.exec(url) ?? [];
  return host === "" ? url : `${scheme}://${host}/v1/kv/${key}?raw`;
}
