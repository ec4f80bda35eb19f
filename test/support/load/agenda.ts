/** What is to be done later, the earliest first. Units: `atMs` on one clock of the caller. */
export interface Agenda<T> {
  add(atMs: number, what: T): void;
  /** When the next thing is due; Infinity when there is none. */
  readonly nextAtMs: number;
  /** Takes the next thing that is due; null when there is none. */
  due(nowMs: number): T | null;
  /** Takes all that is wanted, due or not. */
  take(isWanted: (what: T) => boolean): readonly T[];
}

type Entry<T> = Readonly<{ atMs: number; what: T }>;

/** Makes an empty agenda: a binary heap. */
export function createAgenda<T>(): Agenda<T> {
  const heap: Entry<T>[] = [];
  const at = (index: number) => heap[index]?.atMs ?? Number.POSITIVE_INFINITY;
  const swap = (a: number, b: number) => {
    const [left, right] = [heap[a], heap[b]];
    if (left && right) [heap[a], heap[b]] = [right, left];
  };
  const add = (entry: Entry<T>) => {
    let index = heap.push(entry) - 1;
    for (let up = (index - 1) >> 1; index > 0 && at(index) < at(up); up = (index - 1) >> 1) {
      swap(index, up);
      index = up;
    }
  };
  return {
    add: (atMs, what) => add({ atMs, what }),
    get nextAtMs() {
      return at(0);
    },
    due(nowMs) {
      if (at(0) > nowMs) return null;
      const first = heap[0];
      const last = heap.pop();
      if (!first || !last) return null;
      if (heap.length > 0) heap[0] = last;
      for (let index = 0; ; ) {
        const left = 2 * index + 1;
        const least = at(left) <= at(left + 1) ? left : left + 1;
        if (at(least) >= at(index)) return first.what;
        swap(index, least);
        index = least;
      }
    },
    take(isWanted) {
      const all = heap.splice(0);
      for (const entry of all) if (!isWanted(entry.what)) add(entry);
      return all.map(({ what }) => what).filter(isWanted);
    },
  };
}
