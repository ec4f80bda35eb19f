/** How many things a module may do at a time. Who comes too many is refused at once: waiting is the caller's business. */
export interface Quota {
  readonly inUse: number;
  readonly limit: number;
  /**
   * Does it and gives what it gives, or throws QuotaExceeded before it is begun. Its place is free again however it ends, and then
   * `ended` hears of it.
   */
  run<T>(work: () => T, ended?: () => void): T;
}

/** Thrown by `Quota.run`: as many as may are at work already. */
export class QuotaExceeded extends Error {
  override readonly name = "QuotaExceeded";
}

/** `limit`: Infinity for as many as like. */
export function createQuota(limit: number): Quota {
  let inUse = 0;
  return {
    limit,
    get inUse() {
      return inUse;
    },
    run(work, ended) {
      if (inUse >= limit) throw new QuotaExceeded(`${limit} are at work already`);
      inUse++;
      const free = (): void => {
        inUse--;
        ended?.();
      };
      let isUnderWay = false;
      try {
        const result = work();
        isUnderWay = result instanceof Promise;
        if (result instanceof Promise) result.then(free, free);
        return result;
      } finally {
        if (!isUnderWay) free();
      }
    },
  };
}
