import { type Goal, type Settlement, settled } from "../core/settled.ts";
import type { World } from "../core/world.ts";
import type { Verdict } from "./ports.ts";

/** What somebody waits for: a unit or instance, and where it is to come to. */
export type Awaited = Readonly<{ unit: string; goal: Goal }>;

/** Those who gave an order and wait for what becomes of it. They hold nothing up: each turn looks whether one of them can go. */
export interface Waiters {
  wait(verb: string, goals: readonly Awaited[]): Promise<readonly Verdict[]>;
  turned(world: World): void;
}

type Waiter = Awaited & Readonly<{ verb: string; resolve: (verdict: Verdict) => void }>;
type Word = (verb: string, unit: string, settlement: Settlement) => Verdict;

export function createWaiters(world: () => World, word: Word): Waiters {
  let waiting: readonly Waiter[] = [];

  const turned = (now: World): void => {
    if (waiting.length === 0) return;
    const all = waiting;
    waiting = [];
    const open = all.filter(({ verb, unit, goal, resolve }) => {
      const settlement = settled(now, unit, goal);
      if (settlement) resolve(word(verb, unit, settlement));
      return settlement === null;
    });
    waiting = [...waiting, ...open];
  };

  const wait = (verb: string, goals: readonly Awaited[]): Promise<readonly Verdict[]> => {
    const verdicts = goals.map((one) => {
      const { promise, resolve } = Promise.withResolvers<Verdict>();
      waiting = [...waiting, { ...one, verb, resolve }];
      return promise;
    });
    // The order may have been settled by the very turn that it caused, before anybody waited.
    queueMicrotask(() => turned(world()));
    return Promise.all(verdicts);
  };

  return { wait, turned };
}
