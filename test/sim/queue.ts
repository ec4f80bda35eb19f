/** What is to happen, ordered by (time, sequence): two events of one instant keep the order in which they were put. */
export class Queue<T> {
  #items: { at: number; seq: number; item: T }[] = [];
  #seq = 0;

  put(at: number, item: T): void {
    const entry = { at, seq: this.#seq++, item };
    let place = this.#items.length;
    while (place > 0 && (this.#items[place - 1]?.at ?? 0) > at) place--;
    if (place === this.#items.length) this.#items.push(entry);
    else this.#items.splice(place, 0, entry);
  }

  nextAt(): number | null {
    return this.#items[0]?.at ?? null;
  }

  /** Takes the next one; there must be one. */
  take(): T {
    const first = this.#items.shift();
    if (!first) throw new Error("the queue is empty");
    return first.item;
  }

  drop(match: (item: T) => boolean): void {
    this.#items = this.#items.filter(({ item }) => !match(item));
  }
}
