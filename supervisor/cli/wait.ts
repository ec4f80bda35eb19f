import type { Miss } from "../control/client.ts";
import type { UnitStatus } from "../unit/status.ts";
import type { Context } from "./context.ts";
import { exit } from "./exit.ts";
import { tellMiss } from "./tell.ts";

/**
 * Waits until every unit is as asked. A unit that failed will not come up by itself, so waiting for that ends at once.
 * Why: the events are listened to before the status is asked for, so nothing can happen in between unseen.
 */
export async function run(context: Context): Promise<number> {
  const state = String(context.flags.for ?? "ready");
  const isMet = goals[state];
  if (isMet === undefined) {
    context.err(`supervisor wait: --for: must be ready, active or stopped, got '${state}'`);
    return exit.usage;
  }
  const over = new AbortController();
  const { timeoutMs } = context;
  const timer = timeoutMs === null || timeoutMs === Infinity ? undefined : setTimeout(() => over.abort(), timeoutMs);
  try {
    return await watch(context, { state, isMet, over, gone: aborted(over.signal) });
  } finally {
    clearTimeout(timer);
    over.abort();
  }
}

type Goal = Readonly<{
  state: string;
  isMet: (unit: UnitStatus) => boolean;
  over: AbortController;
  gone: Promise<void>;
}>;

const goals: Readonly<Record<string, (unit: UnitStatus) => boolean>> = {
  active: isActive,
  ready: (unit) => isActive(unit) && unit.health !== "unhealthy" && unit.instances.every((one) => isServed(one, unit)),
  // A unit that waits for its next start is `activating`, and one whose processes are still leaving is not stopped.
  stopped: (unit) => ["inactive", "failed"].includes(unit.active_state) && unit.instances.length === 0,
};

function isActive({ active_state: state }: UnitStatus): boolean {
  return state === "active" || state === "reloading";
}

/** In a handover the old generation is ready for both. */
function isServed({ name }: UnitStatus["instances"][number], unit: UnitStatus): boolean {
  return unit.instances.some((one) => one.name === name && one.ready_at !== null);
}

/** Looks once, and again after whatever happens, through as many lives of the daemon as it takes. */
async function watch(context: Context, goal: Goal): Promise<number> {
  const client = context.client();
  let last: readonly UnitStatus[] = [];
  while (!goal.over.signal.aborted) {
    const stream = await client.events({ after: 0, follow: true, signal: goal.over.signal });
    if (stream.tag !== "ok") return missed(context, goal, { miss: stream, last });
    const events = listen(stream.value);
    while (!events.ended()) {
      const reply = await Promise.race([client.status(context.args), goal.gone.then(() => null)]);
      if (reply === null) break;
      if (reply.tag !== "ok") return missed(context, goal, { miss: reply, last });
      last = reply.value.units;
      const code = verdict(context, goal, last);
      if (code !== null) return code;
      await Promise.race([events.next(), goal.gone]);
      if (goal.over.signal.aborted) break;
    }
    // A daemon on its way out ends each stream at once.
    await Promise.race([pause(), goal.gone]);
  }
  return late(context, goal, last);
}

/** Tells whether something happened since one last asked; many happenings are one answer. */
function listen(happenings: AsyncIterable<unknown>): Readonly<{ next(): Promise<void>; ended(): boolean }> {
  let news = false;
  let ended = false;
  let wake: () => void = () => {};
  const read = async (): Promise<void> => {
    for await (const _ of happenings) {
      news = true;
      wake();
    }
    ended = true;
    wake();
  };
  void read();
  return {
    ended: () => ended,
    async next() {
      if (!news && !ended) await new Promise<void>((resolve) => (wake = resolve));
      news = false;
    },
  };
}

const PAUSE_MS = 50;

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** The exit code, when there is nothing left to wait for. */
function verdict({ err }: Context, { state, isMet }: Goal, units: readonly UnitStatus[]): number | null {
  if (units.every(isMet)) return exit.done;
  const failed = state === "stopped" ? [] : units.filter((unit) => unit.active_state === "failed");
  for (const { name, result, reason } of failed) err(`supervisor wait: ${name}: failed (${reason ?? result})`);
  return failed.length > 0 ? exit.failed : null;
}

/** A daemon that is gone has stopped its units, if they were known to it. */
function missed(
  context: Context,
  goal: Goal,
  { miss, last }: Readonly<{ miss: Miss; last: readonly UnitStatus[] }>,
): number {
  if (goal.over.signal.aborted) return late(context, goal, last);
  if (miss.tag === "not-running" && goal.state === "stopped" && last.length > 0) return exit.done;
  return tellMiss(context, miss, "query");
}

function late({ err, timeoutMs }: Context, { state, isMet }: Goal, last: readonly UnitStatus[]): number {
  const waited = `not ${state} within ${(timeoutMs ?? 0) / 1000}s`;
  if (last.length === 0) err(`supervisor wait: ${waited}`);
  for (const unit of last.filter((each) => !isMet(each))) {
    err(`supervisor wait: ${unit.name}: ${waited}, now ${unit.active_state} (${unit.sub_state})`);
  }
  return exit.timedOut;
}
