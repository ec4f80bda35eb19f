import type { Pace } from "../daemon/ports.ts";

export type EndsOptions<End> = Readonly<{
  pace: Pace;
  /** Reports one; false: not yet, it is to be asked again. */
  report: (end: End) => boolean;
  /** Is to call `tell` again, soon. */
  later: () => void;
  /** There is time for the others now; is to call `tell` again. */
  resumed: () => void;
}>;

/** Ends that are still to be reported, in slices: many may come at once, and whoever hears them may have much to do. */
export class Ends<End> {
  readonly #options: EndsOptions<End>;
  readonly #waiting: End[] = [];
  #isPaused = false;

  constructor(options: EndsOptions<End>) {
    this.#options = options;
  }

  add(end: End): void {
    this.#waiting.push(end);
  }

  tell(): void {
    if (this.#isPaused) return;
    const { pace, report, later, resumed } = this.#options;
    const doubtful: End[] = [];
    for (let next = this.#waiting.shift(); next; next = pace.isSpent() ? undefined : this.#waiting.shift()) {
      if (!report(next)) doubtful.push(next);
    }
    const isCut = this.#waiting.length > 0;
    this.#waiting.push(...doubtful);
    if (doubtful.length > 0) later();
    if (!isCut) return;
    this.#isPaused = true;
    pace.resume(() => {
      this.#isPaused = false;
      resumed();
    });
  }
}
