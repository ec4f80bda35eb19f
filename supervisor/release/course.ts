import type { Verdict } from "../daemon/ports.ts";
import type { Proving } from "./ledger.ts";

/** From where to where, and in whose words. `null`: the root's own files. */
export type Way = Readonly<{
  to: string | null;
  from: string | null;
  /** Shape: `deploy v2`. */
  order: string;
  /** It has to prove itself, and what it is taken back to. Null: it has done so before. */
  proof: Readonly<{ hash: string; back: string | null }> | null;
  /** The proof that this one interrupts, and that goes on should it be refused. */
  interrupted: Proving | null;
}>;

/**
 * What goes on with releases; one thing at a time.
 *
 *   course      what happens                      what follows
 *   idle        deploy, rollback                  moving
 *   moving      every unit has done as asked      it is current; proving, or idle where it has proved itself before
 *   moving      one has not, or has fallen        it is bad; returning to where they come from
 *   moving      it cannot be written down         returning, and it is not bad
 *   proving     a unit it has changed falls       it is bad, and what was there before is current; returning
 *   proving     its time is over                  it is good; idle
 *   proving     deploy, rollback                  moving: that it is the way back from
 *   returning   everybody is back                 idle; proving where a proof was interrupted
 *   moving or returning: deploy, rollback         refused: later
 *
 * The hooks that are to be run before a deployment are run beside whatever goes on, and nothing else is deployed meanwhile.
 */
export type Course = Readonly<
  | { tag: "idle" }
  | { tag: "moving"; way: Way; falls: Map<string, string> }
  | { tag: "proving"; proving: Proving; waiter: Waiter }
  | { tag: "returning"; way: Way }
>;

/** Who waits for the end of a proof, and what he is told should it go well. */
export type Waiter = Readonly<{
  order: string;
  verdicts: readonly Verdict[];
  resolve: (verdicts: readonly Verdict[]) => void;
}>;

/** What people call it. */
export const named = (release: string | null): string => release ?? "the root's own files";

/** Why a deployment is not to stay; null: it may. `falls`: by unit. Only what the release has changed speaks against it. */
export function objection(verdicts: readonly Verdict[], falls: ReadonlyMap<string, string>): Objection | null {
  const refused = verdicts.find(({ result }) => result !== "done");
  if (refused) return { unit: refused.unit, why: refused.message };
  const fallen = verdicts.find(({ unit }) => falls.has(unit));
  return fallen ? { unit: fallen.unit, why: falls.get(fallen.unit) ?? "" } : null;
}

/** Shape: `{ unit: "api", why: "api@1: exited with code 3" }`. */
export type Objection = Readonly<{ unit: string; why: string }>;

/**
 * What everybody is told after a way back: nobody runs what he was told to. `late`: what came of the way back for those who have not
 * arrived there; they are told that.
 */
export function takenBack(
  verdicts: readonly Verdict[],
  { order, to }: Readonly<{ order: string; to: string | null }>,
  { unit: offender, why }: Objection,
  late: readonly Verdict[],
): readonly Verdict[] {
  const stuck = new Map(late.filter(({ result }) => result !== "done").map((one) => [one.unit, one]));
  const told = verdicts.map((verdict): Verdict => {
    const { unit } = verdict;
    const own = stuck.get(unit);
    if (own) return { ...own, result: "failed" };
    const words = unit === offender ? `taken back: ${why}` : "taken back with the others";
    const message =
      verdict.result === "kept-old" ? verdict.message : `${order} ${unit}: ${words}; ${named(to)} is back`;
    const fault = verdict.fault ?? ({ code: "release-bad", message, retry: "never", unit } as const);
    return { ...verdict, result: "kept-old", message, fault };
  });
  const others = [...stuck.values()].filter(({ unit }) => !verdicts.some((one) => one.unit === unit));
  return [...told, ...others];
}
