/** How many things a module may do at a time. Who comes too many is refused at once: waiting is the caller's business. */
export interface Quota {
  readonly inUse: number;
  readonly limit: number;
  /** Does it, or throws QuotaExceeded before it is begun. Its place is free again however it ends. */
  run<T>(work: () => T | Promise<T>): Promise<T>;
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
    async run(work) {
      if (inUse >= limit) throw new QuotaExceeded(`${limit} are at work already`);
      inUse++;
      try {
        return await work();
      } finally {
        inUse--;
      }
    },
  };
}
