/** How many tasks a worker may run at a time. */
export interface Pool {
  readonly size: number;
  /** Holds from now on: what runs is finished, and with more places more is taken at once. */
  resize(size: number): void;
  /** Hears of each change. */
  onResize(heard: () => void): void;
}

export function createPool(size: number): Pool {
  const hearers: (() => void)[] = [];
  let now = size;
  return {
    get size() {
      return now;
    },
    resize(next) {
      now = next;
      for (const heard of hearers) heard();
    },
    onResize: (heard) => void hearers.push(heard),
  };
}
