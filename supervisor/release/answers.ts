/** Metrics as a service exposes them. Shape of a sample: `{ suffix: "_total", labels: [["status", "200"]], value: "3" }`. */
export type Families = readonly Readonly<{
  name: string;
  samples: readonly Readonly<{
    suffix: string;
    labels: readonly (readonly [name: string, value: string])[];
    value: string;
  }>[];
}>[];

/** What processes have answered since they began. `seconds`: how long the `timed` ones took together. */
export type Answers = Readonly<{ count: number; failed: number; timed: number; seconds: number }>;

const REQUESTS = /(?:^|_)requests(?:_total)?$/;
const DURATION = /(?:^|_)request_duration_seconds$/;
const STATUS: ReadonlySet<string> = new Set(["status", "code", "status_code", "http_response_status_code"]);

/** So few answers tell nothing. */
const LEAST_COUNT = 50;
/** A rate below it is no reason, whatever it is a multiple of. */
const LEAST_FAILED_RATE = 0.02;
/** Nor are so few milliseconds: a process that has just begun is slower for a while. */
const LEAST_SLOWER_SECONDS = 0.05;

/**
 * Reads what a service says of its answers: a counter `…requests` with a label for the status (5xx is a failure), and a histogram or
 * summary `…request_duration_seconds`. What there is not counts as nothing.
 */
export function answersOf(families: Families): Answers {
  let answers: Answers = none;
  for (const { name, samples } of families) {
    for (const { suffix, labels, value } of samples) {
      const amount = Number(value);
      if (!Number.isFinite(amount)) continue;
      const status = labels.find(([label]) => STATUS.has(label))?.[1];
      if (REQUESTS.test(name) && (suffix === "_total" || suffix === "") && status !== undefined) {
        const failed = status.startsWith("5") ? amount : 0;
        answers = { ...answers, count: answers.count + amount, failed: answers.failed + failed };
      } else if (DURATION.test(name)) {
        if (suffix === "_count") answers = { ...answers, timed: answers.timed + amount };
        if (suffix === "_sum") answers = { ...answers, seconds: answers.seconds + amount };
      }
    }
  }
  return answers;
}

export const none: Answers = { count: 0, failed: 0, timed: 0, seconds: 0 };

export const sum = (a: Answers, b: Answers): Answers => ({
  count: a.count + b.count,
  failed: a.failed + b.failed,
  timed: a.timed + b.timed,
  seconds: a.seconds + b.seconds,
});

/**
 * Why the answers of a new program are worse than those of the old one; null: they are not, or there are too few to say.
 * Shape: `answers 38% of requests with 5xx, 0% before`, `takes 210 ms for an answer on average, 12 ms before`.
 */
export function worseBy(factor: number, before: Answers, now: Answers): string | null {
  const [was, is] = [rate(before.failed, before.count), rate(now.failed, now.count)];
  if (now.count >= LEAST_COUNT && is > Math.max(was * factor, LEAST_FAILED_RATE)) {
    return `answers ${percent(is)} of requests with 5xx, ${percent(was)} before`;
  }
  if (now.timed < LEAST_COUNT || before.timed < LEAST_COUNT) return null;
  const [took, takes] = [before.seconds / before.timed, now.seconds / now.timed];
  const isSlower = takes > took * factor && takes - took > LEAST_SLOWER_SECONDS;
  return isSlower ? `takes ${ms(takes)} for an answer on average, ${ms(took)} before` : null;
}

const rate = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
const percent = (share: number): string => `${Math.round(share * 100)}%`;
const ms = (seconds: number): string => `${Math.round(seconds * 1000)} ms`;
