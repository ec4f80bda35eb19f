import { Heap } from "./heap.ts";

/** Taken ones are let go once there are so many, and more than half of all. */
const LEAST_TO_SHORTEN = 1_024;

/**
 * A line of those that are in order: `first` says which of two comes out before the other. Whoever comes in at its end, as nearly all
 * do, costs the same however many wait; whoever belongs further ahead waits in a heap beside it.
 */
export class Lane<T> {
  readonly #first: (a: T, b: T) => boolean;
  #line: (T | undefined)[] = [];
  #head = 0;
  readonly #ahead: Heap<T>;

  constructor(first: (a: T, b: T) => boolean) {
    this.#first = first;
    this.#ahead = new Heap(first);
  }

  get size(): number {
    return this.#line.length - this.#head + this.#ahead.size;
  }

  push(item: T): void {
    const last = this.#line.at(-1);
    if (this.#head < this.#line.length && last !== undefined && this.#first(item, last)) this.#ahead.push(item);
    else this.#line.push(item);
  }

  peek(): T | undefined {
    const [next, ahead] = [this.#line[this.#head], this.#ahead.peek()];
    if (next === undefined || ahead === undefined) return next ?? ahead;
    return this.#first(ahead, next) ? ahead : next;
  }

  pop(): T | undefined {
    const next = this.peek();
    if (next === undefined || next === this.#ahead.peek()) return this.#ahead.pop();
    this.#line[this.#head++] = undefined;
    if (this.#head >= LEAST_TO_SHORTEN && 2 * this.#head > this.#line.length) {
      this.#line = this.#line.slice(this.#head);
      this.#head = 0;
    }
    return next;
  }

  /** Yields every item, in no order that means anything. */
  *values(): IterableIterator<T> {
    for (let at = this.#head; at < this.#line.length; at++) yield this.#line[at] as T;
    yield* this.#ahead.values();
  }
}
