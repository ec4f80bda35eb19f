import { drive } from "../core/drive.ts";
import type { Tick } from "../core/event.ts";
import { type Deed, type World, type WorldEvent, worldDeadline } from "../core/world.ts";
import type { Clock } from "./ports.ts";

export type LoopOptions = Readonly<{
  world: World;
  clock: Clock;
  /** Fresh randomness for one turn: `roll` in [0, 1), `nonce` 24 hex digits. */
  dice: () => Readonly<Omit<Tick, "now">>;
  perform: (deed: Deed) => void;
  /** Hears of every finished turn. */
  turned: (world: World) => void;
  /** Hears of a bug in deciding an event or doing its deeds. What had been decided stays. */
  bug: (error: unknown, event: WorldEvent) => void;
}>;

/** The only writer of the world. */
export interface Loop {
  readonly world: World;
  /** Takes an event; it is decided before this returns, unless a turn is under way: then right after that. */
  post(event: WorldEvent): void;
}

/**
 * One inbox, one writer, no `await`: a turn is seen whole or not at all, and nobody can wait inside of one.
 * A port that answers while its deed is performed is heard after the turn.
 */
export function createLoop(options: LoopOptions): Loop {
  const inbox: WorldEvent[] = [];
  let world = options.world;
  let turning = false;

  const post = (event: WorldEvent): void => {
    inbox.push(event);
    if (turning) return;
    turning = true;
    try {
      for (let next = inbox.shift(); next; next = inbox.shift()) decide(next);
    } finally {
      turning = false;
    }
    options.clock.wakeAt(worldDeadline(world), () => post({ tag: "deadline" }));
    options.turned(world);
  };

  const decide = (event: WorldEvent): void => {
    try {
      const turn = drive(world, event, { ...options.dice(), now: options.clock.now() });
      world = turn.world;
      turn.deeds.forEach(options.perform);
    } catch (error) {
      // A bug in one decision must not end the supervision of everything else.
      options.bug(error, event);
    }
  };

  return {
    get world() {
      return world;
    },
    post,
  };
}
