import type { Desk } from "../daemon/ports.ts";
import { type Fault, fail, type Outcome, ok } from "../unit/fault.ts";
import type { Why, WhyEntry } from "../unit/why.ts";

/** Gives the last things that happened to a unit, newest first. */
export type HistoryOf = (unit: string) => readonly WhyEntry[];

const limitDefault = 20;

/**
 * Answers why a unit is as it is: `api` with all that is its own, `api@2` with what concerns that instance.
 * Errors: unit-unknown; request-invalid for a name that stands for several units, or a limit that is no number.
 */
export function whyOf(desk: Desk, history: HistoryOf, name: string, limit: string | undefined): Outcome<Why> {
  const names = desk.match([name]);
  if (!names.ok) return names;
  const [only = "", ...others] = names.value;
  if (others.length > 0) return fail(invalid(`'${name}' stands for ${names.value.length} units, and this is for one`));
  if (limit !== undefined && !/^\d{1,9}$/.test(limit)) {
    return fail(invalid(`limit: must be a whole number of 0 or more, got '${limit}'`));
  }
  const [unit = "", instance] = only.split("@");
  const { supervisor, units } = desk.status();
  const status = instance === undefined ? units.find((one) => one.name === unit) : desk.inspect(only);
  if (!status) return fail({ code: "unit-unknown", message: `there is no unit '${unit}'`, retry: "never", unit });
  const concerns = (entry: WhyEntry): boolean => instance === undefined || entry.instance === Number(instance);
  const { active_state, sub_state, since, generation } = status;
  const entries = history(unit)
    .filter(concerns)
    .slice(0, Number(limit ?? limitDefault));
  return ok({ name: only, active_state, sub_state, since, generation, life: supervisor.started_at, entries });
}

function invalid(message: string): Fault {
  return { code: "request-invalid", message, retry: "never" };
}
