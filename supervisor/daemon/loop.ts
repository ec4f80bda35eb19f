import { drive } from "../core/drive.ts";
import type { Tick } from "../core/event.ts";
import type { Instant } from "../core/facts.ts";
import { forget } from "../core/scale.ts";
import { type Deed, type World, type WorldEvent, worldDeadline } from "../core/world.ts";
import type { Clock, Pace } from "./ports.ts";

/** Woken so much later than was asked for, it has stood still, and with it perhaps the machine. Units: milliseconds. */
const OVERSLEPT_MS = 100;
/** How long those who have spoken meanwhile, or are about to, are heard before anybody's time is up. Units: milliseconds. */
const HEARING_MS = 100;

export type LoopOptions = Readonly<{
  world: World;
  clock: Clock;
  /** Fresh randomness for one turn: `roll` in [0, 1), `nonce` 24 hex digits. */
  dice: () => Readonly<Omit<Tick, "now">>;
  perform: (deed: Deed) => void;
  /** Hears of every finished turn, when its deeds are done: of the world that it left, and of its number. */
  turned: (world: World, turn: number) => void;
  /** Hears of a bug in deciding an event or doing one of its deeds. What had been decided stays. */
  bug: (error: unknown, event: WorldEvent) => void;
  /** Hears of every decision before anything is done about it. */
  decided?: (world: World) => void;
  /** Hears when all that was decided is done, though some of it may still be to be told. */
  allDone?: () => void;
  /** How much is done at a stretch; left out: everything. */
  pace?: Pace | undefined;
}>;

/** The only writer of the world. */
export interface Loop {
  readonly world: World;
  /** The number of the last turn that was begun: what was posted before now is in no world of a turn with a lower one. */
  readonly turn: number;
  /** Takes an event; it is decided before this returns, unless a turn is under way: then right after that. */
  post(event: WorldEvent): void;
  /**
   * Goes on where another daemon was: does the deeds that it has decided, and lets `tell` post what has happened since.
   * Nobody's time is up before all of that was heard.
   */
  resume(deeds: readonly Deed[], tell: () => void): void;
  /** Does what was decided and is still to be done, all of it and now: for the end of everything. */
  finish(): void;
}

export function createLoop(options: LoopOptions): Loop {
  return new PacedLoop(options);
}

/**
 * One inbox, one writer, no `await`: a turn is seen whole or not at all, and nobody can wait inside of one.
 * A port that answers while its deed is performed is heard after the turn.
 * Deciding is cheap and done at once; deeds are not, so they are done in slices, always in the order of the decisions:
 * a hundred starts hold up no answer and nobody else's probe.
 */
class PacedLoop implements Loop {
  readonly #options: LoopOptions;
  readonly #inbox: WorldEvent[] = [];
  readonly #tasks: (() => void)[] = [];
  /** How many of the tasks do something. */
  #undone = 0;
  #world: World;
  #turnCount = 0;
  #turning = false;
  #resuming = false;
  /** Whoever's time was up before is given until then to be heard. */
  #hearsUntil: Instant = Number.NEGATIVE_INFINITY;

  constructor(options: LoopOptions) {
    this.#options = options;
    this.#world = options.world;
  }

  get world(): World {
    return this.#world;
  }

  get turn(): number {
    return this.#turnCount;
  }

  post(event: WorldEvent): void {
    this.#inbox.push(event);
    if (this.#turning) return;
    this.#turn(this.#options.pace);
    // Who is restarted without a pause waits for no timer. Once only: who fails at once, again and again, is not to hold up everybody.
    if (event.tag !== "deadline" && this.#isDue()) this.#ring();
  }

  resume(deeds: readonly Deed[], tell: () => void): void {
    for (const deed of deeds) this.#add(deed, { tag: "deadline" });
    this.#hearsUntil = Number.POSITIVE_INFINITY;
    tell();
    this.#hearsUntil = Number.NEGATIVE_INFINITY;
    this.post({ tag: "deadline" });
  }

  finish(): void {
    this.#turn();
  }

  #turn(pace?: Pace): void {
    const { turned } = this.#options;
    const turn = ++this.#turnCount;
    this.#turning = true;
    try {
      this.#work(pace);
      for (let next = this.#inbox.shift(); next; next = this.#inbox.shift()) {
        this.#decide(next);
        this.#work(pace);
      }
      const world = this.#world;
      this.#tasks.push(() => {
        // What was said of a unit that is gone is done and told by now.
        this.#world = forget(this.#world);
        turned(forget(world), turn);
      });
      this.#work(pace);
    } finally {
      this.#turning = false;
    }
    this.#sleep();
    // Before anybody can hear of it: who comes after us is not to do it once more.
    if (this.#undone === 0) this.#options.allDone?.();
    if (this.#tasks.length > 0 && pace) this.#resumeLater(pace);
  }

  #sleep(): void {
    this.#options.clock.wakeAt(this.#due(), () => this.#ring());
  }

  #due(): Instant | null {
    const due = worldDeadline(this.#world);
    return due === null ? null : Math.max(due, this.#hearsUntil);
  }

  /** What is still to be done of the turns before comes first: the next start must find what they leave. */
  #isDue(): boolean {
    const due = this.#due();
    return this.#tasks.length === 0 && due !== null && due <= this.#options.clock.now();
  }

  /**
   * Somebody's time is up. Whoever has overslept cannot tell who was silent from who was not heard, and listens first: once for
   * each time that was up, since it may always be late.
   */
  #ring(): void {
    const now = this.#options.clock.now();
    const due = worldDeadline(this.#world) ?? now;
    const isHeard = now - due <= OVERSLEPT_MS || due < this.#hearsUntil;
    if (isHeard) this.post({ tag: "deadline" });
    else {
      this.#hearsUntil = now + HEARING_MS;
      this.#sleep();
    }
  }

  #resumeLater(pace: Pace): void {
    if (this.#resuming) return;
    this.#resuming = true;
    pace.resume(() => {
      this.#resuming = false;
      if (this.#tasks.length > 0) this.#turn(pace);
    });
  }

  #decide(event: WorldEvent): void {
    const { dice, clock, bug } = this.#options;
    try {
      const turn = drive(this.#world, event, { ...dice(), now: clock.now() });
      this.#world = turn.world;
      this.#options.decided?.(turn.world);
      for (const deed of actFirst(turn.deeds)) this.#add(deed, event);
    } catch (error) {
      // A bug in one decision must not end the supervision of everything else.
      bug(error, event);
    }
  }

  #work(pace?: Pace): void {
    while (this.#tasks.length > 0 && !pace?.isSpent()) this.#tasks.shift()?.();
  }

  #add(deed: Deed, event: WorldEvent): void {
    const isAct = !isTold(deed);
    if (isAct) this.#undone++;
    this.#tasks.push(() => {
      this.#perform(deed, event);
      if (isAct) this.#undone--;
    });
  }

  #perform(deed: Deed, event: WorldEvent): void {
    try {
      this.#options.perform(deed);
    } catch (error) {
      // A bug in one deed must not lose those behind it.
      this.#options.bug(error, event);
    }
  }
}

/** Acting comes before telling: an old generation need not wait for its last word until the journal is written. */
function actFirst(deeds: readonly Deed[]): readonly Deed[] {
  return [...deeds.filter((deed) => !isTold(deed)), ...deeds.filter(isTold)];
}

const isTold = ({ effect }: Deed): boolean => effect.tag === "report";
