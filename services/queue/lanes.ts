import { Lane } from "./lane.ts";

type Waiting = Readonly<{ task: Readonly<{ priority: number }> }>;

/** Those that may begin: the higher priority first, and of one priority as `earlier` says. */
export class Lanes<T extends Waiting> {
  readonly #earlier: (a: T, b: T) => boolean;
  /** The highest priority first; there are few. */
  #lanes: readonly Readonly<{ priority: number; lane: Lane<T> }>[] = [];

  constructor(earlier: (a: T, b: T) => boolean) {
    this.#earlier = earlier;
  }

  push(item: T): void {
    const { priority } = item.task;
    const known = this.#lanes.find((each) => each.priority === priority);
    if (known) known.lane.push(item);
    else {
      const lane = new Lane(this.#earlier);
      lane.push(item);
      this.#lanes = [...this.#lanes, { priority, lane }].sort((a, b) => b.priority - a.priority);
    }
  }

  peek(): T | undefined {
    return this.#first()?.peek();
  }

  pop(): T | undefined {
    return this.#first()?.pop();
  }

  /** Yields every item, in no order that means anything. */
  *values(): IterableIterator<T> {
    for (const { lane } of this.#lanes) yield* lane.values();
  }

  #first(): Lane<T> | undefined {
    for (const { lane } of this.#lanes) if (lane.size > 0) return lane;
    return undefined;
  }
}
