import type { Books } from "./books.ts";
import { isMain, isThere, type Member, tableOf } from "./table.ts";
import { type Name, partOf } from "./world.ts";

/** Looks at all processes, again and again, whether a supervisor is there or not. */
export interface Watch {
  /** Who was seen last, and is a main process. */
  mains(): readonly Member[];
  /** Every invocation that was ever seen. */
  readonly invocations: ReadonlySet<string>;
  samples(): number;
  stop(): Promise<void>;
}

export type WatchOptions = Readonly<{
  marker: string;
  books: Books;
  /** Whether somebody has ordered something of a unit that may not be done yet. */
  isBusy: (unit: Name) => boolean;
  /** How many orders a unit was given so far: one may begin and end between two looks. */
  given: (unit: Name) => number;
}>;

const PERIOD_MS = 30;

export function startWatch({ marker, books, isBusy, given }: WatchOptions): Watch {
  const invocations = new Set<string>();
  let mains: readonly Member[] = [];
  /** Who was seen when nothing was ordered of the unit. */
  let resting: readonly Readonly<{ member: Member; after: number }>[] = [];
  let samples = 0;
  let isOver = false;
  const look = () => {
    samples++;
    const isQuiet = ({ unit }: Member) => partOf(unit as Name).verbs.length > 0 && !isBusy(unit as Name);
    for (const { member, after } of resting) {
      const isOrdered = given(member.unit as Name) !== after || !isQuiet(member);
      if (!isOrdered && !isThere(member)) books.surprise(`${told(member)} is gone, and nobody had told it to go`);
    }
    mains = tableOf(marker).filter(isMain);
    resting = mains.filter(isQuiet).map((member) => ({ member, after: given(member.unit as Name) }));
    for (const { invocation } of mains) invocations.add(invocation);
    for (const text of doubles(mains)) books.surprise(text);
  };
  const looking = (async () => {
    while (!isOver) {
      look();
      await new Promise((resolve) => setTimeout(resolve, PERIOD_MS));
    }
  })();
  return {
    mains: () => mains,
    invocations,
    samples: () => samples,
    stop() {
      isOver = true;
      return looking;
    },
  };
}

/** Who is there beside a second one of itself: of an invocation, of a generation, or a third of an instance. */
function doubles(mains: readonly Member[]): readonly string[] {
  const whom = ({ unit, instance }: Member) => `${unit}@${instance}`;
  return [...new Set(mains.map(whom))].flatMap((name) => {
    const all = mains.filter((one) => whom(one) === name);
    const mayOverlap = partOf(all[0]?.unit as Name).verbs.includes("reload");
    const generations = new Set(all.map(({ generation }) => generation));
    const isFine = all.length === 1 || (mayOverlap && all.length === 2 && generations.size === 2);
    // Whoever was seen first may have ended before the last came: at one moment they were there together if they still are.
    return isFine || !all.every(isThere) ? [] : [`${name} is there ${all.length} times: ${all.map(told).join(", ")}`];
  });
}

const told = ({ unit, instance, generation, pid, invocation }: Member): string =>
  `${unit}@${instance} of generation ${generation} (pid ${pid}, ${invocation.slice(0, 8)})`;
