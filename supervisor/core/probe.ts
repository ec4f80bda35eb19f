import type { Probe, ProbeKind } from "../unit/unit.ts";
import type { Instant } from "./facts.ts";

/**
 * What one probe of one life has been told so far. `asked`: since when an answer is awaited. `passes` and `failures` count
 * the answers in a row, `verdict` is what they come to.
 * Source: Kubernetes' probes: a verdict turns with success_threshold passes or failure_threshold failures in a row.
 */
export type Watch = Readonly<{
  /** When to ask next; Infinity while an answer is awaited, and for a probe that has nothing to ask any more. */
  at: Instant;
  asked: Instant | null;
  passes: number;
  failures: number;
  verdict: "unknown" | "passing" | "failing";
  detail: string;
}>;

export type Watches = Readonly<Partial<Record<ProbeKind, Watch>>>;

type Probes = Readonly<Partial<Record<ProbeKind, Probe>>>;

/** In the order in which they are asked where several are due at once. */
const kinds: readonly ProbeKind[] = ["startup", "readiness", "liveness"];

/** Begins to watch a life that has just come: its startup probe alone where there is one, else the other two. */
export function watch(probes: Probes, now: Instant): Watches {
  const begun = kinds.flatMap((kind) => {
    const probe = probes[kind];
    if (!probe) return [];
    const waits = kind !== "startup" && probes.startup !== undefined;
    return [[kind, { ...unasked, at: waits ? Infinity : now + probe.initialDelayMs }] as const];
  });
  return Object.fromEntries(begun);
}

const unasked: Watch = { at: Infinity, asked: null, passes: 0, failures: 0, verdict: "unknown", detail: "" };

/** The probes that are to be asked now. */
export function due(watches: Watches, now: Instant): readonly ProbeKind[] {
  return kinds.filter((kind) => (watches[kind]?.at ?? Infinity) <= now);
}

/** When the next one is to be asked. */
export function nextAsk({ startup, readiness, liveness }: Watches): Instant {
  return Math.min(startup?.at ?? Infinity, readiness?.at ?? Infinity, liveness?.at ?? Infinity);
}

/** It is being asked: nobody asks it again before its answer. */
export function asked(watches: Watches, kind: ProbeKind, now: Instant): Watches {
  const watched = watches[kind];
  return watched ? { ...watches, [kind]: { ...watched, at: Infinity, asked: now } } : watches;
}

/** Counts an answer. One that nobody awaits changes nothing. Periods are from question to question, as in Kubernetes. */
export function answered(
  watches: Watches,
  probes: Probes,
  answer: Readonly<{ kind: ProbeKind; ok: boolean; detail: string; now: Instant }>,
): Watches {
  const { kind, ok, detail, now } = answer;
  const before = watches[kind];
  const probe = probes[kind];
  if (!before || before.asked === null) return watches;
  const passes = ok ? before.passes + 1 : 0;
  const failures = ok ? 0 : before.failures + 1;
  const verdict = verdictOf(before, probe, { passes, failures });
  const isOver = probe === undefined || (kind === "startup" && verdict === "passing");
  const at = isOver ? Infinity : Math.max(now, before.asked + probe.periodMs);
  const counted = { ...watches, [kind]: { at, asked: null, passes, failures, verdict, detail } };
  if (kind !== "startup" || verdict !== "passing") return counted;
  const { startup: _startup, ...others } = probes;
  return { ...counted, ...watch(others, now) };
}

function verdictOf(
  before: Watch,
  probe: Probe | undefined,
  { passes, failures }: Readonly<{ passes: number; failures: number }>,
): Watch["verdict"] {
  if (passes > 0 && passes >= (probe?.successThreshold ?? 1)) return "passing";
  if (failures > 0 && failures >= (probe?.failureThreshold ?? 1)) return "failing";
  return before.verdict;
}

/** True when nothing that a probe says stands between a life and being up. */
export function isCleared({ startup, readiness }: Watches): boolean {
  return [startup, readiness].every((one) => one === undefined || one.verdict === "passing");
}

export type Health = "healthy" | "unhealthy" | "unknown";

/** What all probes of a life together say. */
export function healthOf(watches: Watches): Health {
  const verdicts = kinds.flatMap((kind) => watches[kind]?.verdict ?? []);
  if (verdicts.includes("failing")) return "unhealthy";
  return verdicts.length > 0 && verdicts.every((one) => one === "passing") ? "healthy" : "unknown";
}
