import { concerned } from "../core/concerned.ts";
import { type Goal, type Settlement, settled } from "../core/settled.ts";
import type { Scene, World } from "../core/world.ts";
import type { Verdict } from "./ports.ts";

/** What somebody waits for: a unit or instance, and where it is to come to. */
export type Awaited = Readonly<{ unit: string; goal: Goal }>;

/** Those who gave an order and wait for what becomes of it. They hold nothing up: each turn looks whether one of them can go. */
export interface Waiters {
  wait(verb: string, goals: readonly Awaited[]): Promise<readonly Verdict[]>;
  turned(world: World, turn: number): void;
}

type Waiter = Awaited & Readonly<{ verb: string; turn: number; resolve: (verdict: Verdict) => void }>;
type Word = (verb: string, unit: string, settlement: Settlement) => Verdict;
type Present = Readonly<{ world: World; turn: number }>;

/**
 * Makes the waiting room of a loop.
 * Why the turn's number: a busy loop tells of a turn when its deeds are done, which may be after a later order was given.
 * The world of that turn knows nothing of the order, and must not answer it.
 */
export function createWaiters(present: () => Present, word: Word): Waiters {
  const waiting = new Set<Waiter>();
  /** What the last turn left; null while nobody waits. */
  let seen: Scene | null = null;

  const look = (waiter: Waiter, now: World): void => {
    const settlement = settled(now, waiter.unit, waiter.goal);
    if (!settlement) return;
    waiting.delete(waiter);
    waiter.resolve(word(waiter.verb, waiter.unit, settlement));
  };

  const turned = (now: World, turn: number): void => {
    const changed = seen && new Set(concerned(now, seen).map(({ unit }) => unit.name));
    seen = waiting.size > 0 ? now : null;
    for (const waiter of waiting) {
      if (turn < waiter.turn) continue;
      const [name = ""] = waiter.unit.split("@");
      if (!changed || changed.has(name) || !now.units.has(name)) look(waiter, now);
    }
  };

  const wait = (verb: string, goals: readonly Awaited[]): Promise<readonly Verdict[]> => {
    const asked = goals.map((one) => {
      const { promise, resolve } = Promise.withResolvers<Verdict>();
      const waiter = { ...one, verb, turn: present().turn, resolve };
      waiting.add(waiter);
      return { waiter, promise };
    });
    // The order may have been settled by the very turn that it caused, before anybody waited.
    queueMicrotask(() => {
      for (const { waiter } of asked) if (waiting.has(waiter)) look(waiter, present().world);
    });
    return Promise.all(asked.map(({ promise }) => promise));
  };

  return { wait, turned };
}
