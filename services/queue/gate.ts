import { nextDue, opensAt, paceOf, type TypeLimits } from "./type-limit.ts";

/** What a store remembers of its types. */
export interface Marks {
  isPaused(type: string): boolean;
  /** How many of this type run. */
  running(type: string): number;
  /** What `setDue` was given last; 0 before. */
  due(type: string): number;
  setDue(type: string, due: number): void;
}

/** Says which types may begin: not those that are paused, nor those whose limit is reached. Units: `now` as the store has it, milliseconds. */
export class Gate {
  readonly #limits: TypeLimits;
  readonly #marks: Marks;

  constructor(limits: TypeLimits, marks: Marks) {
    this.#limits = limits;
    this.#marks = marks;
  }

  /** The types that have a limit. */
  get limited(): readonly string[] {
    return Object.keys(this.#limits);
  }

  isOpen(type: string, now: number): boolean {
    if (this.#marks.isPaused(type)) return false;
    const { concurrency } = this.#limits[type] ?? {};
    if (concurrency !== undefined && this.#marks.running(type) >= concurrency) return false;
    return this.opensAfter(type, now) === null;
  }

  /** When the pace of this type lets the next one begin; null: it does so now. */
  opensAfter(type: string, now: number): number | null {
    const pace = paceOf(this.#limits[type] ?? {});
    const at = pace ? opensAt(this.#marks.due(type), pace) : now;
    return at > now ? at : null;
  }

  /** One of this type begins. */
  count(type: string, now: number): void {
    const pace = paceOf(this.#limits[type] ?? {});
    if (pace) this.#marks.setDue(type, nextDue(this.#marks.due(type), now, pace));
  }
}
