import type { AskAnswers, ReleaseHost } from "../daemon/ports.ts";
import { type Answers, none, sum, worseBy } from "./answers.ts";
import type { Objection } from "./course.ts";

/** Compares how units answer with how they did before a deployment, by what they say of it themselves. */
export interface Comparison {
  /** Null: nothing is worse, or nobody says anything. */
  look(units: readonly string[]): Promise<Objection | null>;
}

export type ComparisonOptions = Readonly<{
  places: ReleaseHost["places"];
  ask: AskAnswers;
  factor: number;
  /** What is new. */
  release: string;
}>;

/** Asks those that run now, which are to be the old ones, at once. */
export function createComparison({ places, ask, factor, release }: ComparisonOptions): Comparison {
  const before = byUnit(
    askTwice(
      places().filter((place) => place.release !== release),
      ask,
    ),
  );
  return {
    async look(units) {
      const then = await before;
      const now = await byUnit(
        ask(places().filter((place) => place.release === release && units.includes(place.unit))),
      );
      for (const [unit, answers] of now) {
        const old = then.get(unit);
        const why = old ? worseBy(factor, old, answers) : null;
        if (why !== null) return { unit, why: `${unit} ${why}` };
      }
      return null;
    },
  };
}

/** Who does not answer is asked once more: without what was before there is nothing to compare with. */
async function askTwice(places: ReturnType<ReleaseHost["places"]>, ask: AskAnswers): ReturnType<AskAnswers> {
  const asked = await ask(places);
  return asked.some(({ answers }) => answers === null) ? ask(places) : asked;
}

async function byUnit(asked: ReturnType<AskAnswers>): Promise<ReadonlyMap<string, Answers>> {
  const all = new Map<string, Answers>();
  for (const { unit, answers } of await asked) {
    if (answers) all.set(unit, sum(all.get(unit) ?? none, answers));
  }
  return all;
}
