import { createHistogram, type Histogram } from "./histogram.ts";
import { type Failure, failures, type Second, type Spread, type Tally } from "./tally.ts";

const SAMPLES_KEPT = 10;
const FAILURES_KEPT = 20_000;
const SECONDS_KEPT = 3600;
const SECOND_MS = 1000;

export interface Recorder {
  opened(): void;
  toldToClose(): void;
  idleClosed(): void;
  /** `quick` is false for answers that take long by their nature: they say nothing of latency and gaps. */
  answered(atMs: number, tookMs: number, generation: string, quick: boolean): void;
  failed(atMs: number, failure: Failure, detail: string): void;
  /** How many requests have found their fate. */
  count(): number;
  tally(atMs: number): Tally;
}

/** Counts the fates of one load's requests. Units: `…AtMs` and `atMs` on the clock of `performance.now()`. */
export function createRecorder(startedAtMs: number): Recorder {
  const fates = Object.fromEntries(failures.map((failure) => [failure, 0])) as Record<Failure, number>;
  const generations = new Map<string, number>();
  const samples: string[] = [];
  const kept: { atMs: number; failure: Failure }[] = [];
  const seconds = createSeconds(startedAtMs);
  const counts = { ok: 0, failed: 0, connections: 0, toldToClose: 0, idleClosed: 0 };
  let lastAnswerAtMs = startedAtMs;
  let longestGapMs = 0;
  const gapUntil = (atMs: number) => Math.max(longestGapMs, atMs - lastAnswerAtMs);
  return {
    opened: () => void counts.connections++,
    toldToClose: () => void counts.toldToClose++,
    idleClosed: () => void counts.idleClosed++,
    answered(atMs, tookMs, generation, quick) {
      counts.ok++;
      generations.set(generation, (generations.get(generation) ?? 0) + 1);
      const second = seconds.at(atMs);
      second.ok++;
      if (!quick) return;
      second.spread.add(tookMs * 1000);
      longestGapMs = gapUntil(atMs);
      lastAnswerAtMs = atMs;
    },
    failed(atMs, failure, detail) {
      counts.failed++;
      fates[failure]++;
      seconds.at(atMs).failed++;
      if (kept.length < FAILURES_KEPT) kept.push({ atMs: round(atMs - startedAtMs), failure });
      if (samples.length < SAMPLES_KEPT) samples.push(`${failure}: ${detail}`);
    },
    count: () => counts.ok + counts.failed,
    tally: (atMs) => ({
      requests: counts.ok + counts.failed,
      ...counts,
      fates,
      samples,
      failures: kept,
      generations: Object.fromEntries(generations),
      longestGapMs: round(gapUntil(atMs)),
      ...seconds.end(),
      startedAtMs: performance.timeOrigin + startedAtMs,
      durationMs: round(atMs - startedAtMs),
      cpuMs: cpuMs(),
    }),
  };
}

type Open = { ok: number; failed: number; spread: Histogram };

/** Second by second, and all of them together. */
function createSeconds(startedAtMs: number) {
  const all = createHistogram();
  const done: Second[] = [];
  const now: Open = { ok: 0, failed: 0, spread: createHistogram() };
  let endsAtMs = startedAtMs + SECOND_MS;
  const turn = () => {
    all.merge(now.spread);
    if (done.length < SECONDS_KEPT) done.push({ ok: now.ok, failed: now.failed, latencyMs: spreadOf(now.spread) });
    now.spread.clear();
    now.ok = 0;
    now.failed = 0;
    endsAtMs += SECOND_MS;
  };
  return {
    at(atMs: number): Open {
      while (atMs >= endsAtMs) turn();
      return now;
    },
    end(): Pick<Tally, "latencyMs" | "seconds"> {
      turn();
      return { latencyMs: spreadOf(all), seconds: done };
    },
  };
}

function spreadOf(histogram: Histogram): Spread {
  const at = (share: number) => round(histogram.quantile(share));
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: round(histogram.max()) };
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return Math.round((user + system) / 1000);
}

const round = (ms: number) => Math.round(ms * 1000) / 1000;
