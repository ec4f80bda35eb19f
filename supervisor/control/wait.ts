import type { Verdict } from "../daemon/ports.ts";
import { fail, type Outcome, ok } from "../unit/fault.ts";
import { parseSpan } from "../unit/span.ts";
import type { Status } from "../unit/status.ts";

const LONGEST_WAIT_MS = 3_600_000;

/** Reads `?wait=`. `null`: the client does not wait. Errors: request-invalid when it is no span, or longer than an hour. */
export function readWait(text: string | undefined): Outcome<number | null> {
  if (text === undefined) return ok(null);
  const waitMs = parseSpan(text);
  if (waitMs !== null && waitMs <= LONGEST_WAIT_MS) return ok(waitMs);
  const message = `wait: must be a span of at most 1h, such as 30s, got '${text}'`;
  return fail({ code: "request-invalid", message, retry: "never" });
}

/** Waits for the verdicts, at most as long as told. `null` when they are not in by then; the order itself goes on. */
export async function within(
  verdicts: Promise<readonly Verdict[]>,
  waitMs: number,
): Promise<readonly Verdict[] | null> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, waitMs, null);
  });
  try {
    return await Promise.race([verdicts, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/** Says of each unit that the wait is over, and where it stands. The order was one, so nobody can say which of them held it up. */
export function timedOut(verb: string, units: readonly string[], waitMs: number, status: Status): readonly Verdict[] {
  return units.map((name) => {
    const unit = status.units.find((candidate) => candidate.name === name.replace(/@\d+$/, ""));
    const state = unit === undefined ? "unknown" : `${unit.active_state} (${unit.sub_state})`;
    const message = `${verb} ${name}: not settled within ${waitMs / 1000}s, now ${state}`;
    const fault = { code: "timed-out", message, retry: "later", unit: name } as const;
    return { unit: name, result: "timed-out", message, tail: [], fault };
  });
}
