import { type Failure, failures, type Tally } from "./tally.ts";

const SAMPLES_KEPT = 10;

export interface Recorder {
  opened(): void;
  toldToClose(): void;
  idleClosed(): void;
  /** `quick` is false for answers that take long by their nature: they say nothing of latency and gaps. */
  answered(atMs: number, tookMs: number, generation: string, quick: boolean): void;
  failed(failure: Failure, detail: string): void;
  tally(atMs: number): Tally;
}

/** Counts the fates of one load's requests. Units: `…AtMs` and `atMs` on one monotonic clock of the caller. */
export function createRecorder(startedAtMs: number): Recorder {
  const fates = Object.fromEntries(failures.map((failure) => [failure, 0])) as Record<Failure, number>;
  const generations: Record<string, number> = {};
  const samples: string[] = [];
  const latencies: number[] = [];
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
      generations[generation] = (generations[generation] ?? 0) + 1;
      if (!quick) return;
      latencies.push(tookMs);
      longestGapMs = gapUntil(atMs);
      lastAnswerAtMs = atMs;
    },
    failed(failure, detail) {
      counts.failed++;
      fates[failure]++;
      if (samples.length < SAMPLES_KEPT) samples.push(`${failure}: ${detail}`);
    },
    tally: (atMs) => ({
      requests: counts.ok + counts.failed,
      ...counts,
      fates,
      samples,
      generations,
      longestGapMs: round(gapUntil(atMs)),
      latencyMs: spread(latencies),
      durationMs: round(atMs - startedAtMs),
    }),
  };
}

function spread(latencies: readonly number[]): Tally["latencyMs"] {
  const sorted = Float64Array.from(latencies).sort();
  const at = (share: number) => round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

const round = (ms: number) => Math.round(ms * 1000) / 1000;
