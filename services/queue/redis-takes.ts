import type { Taken } from "./queue.ts";

/** Asks for up to so many tasks. */
export type TakeSome = (count: number, worker: string, leaseMs: number) => Promise<readonly Taken[]>;

type Asker = Readonly<{ resolve: (taken: Taken | null) => void; reject: (error: unknown) => void }>;
type Party = Readonly<{ worker: string; leaseMs: number; askers: Asker[] }>;

/**
 * Joins those who ask in one moment into one question to the store: a worker asks for each of its free places.
 * Errors: each is told what the question came to.
 */
export class Takes {
  readonly #takeSome: TakeSome;
  readonly #most: number;
  #parties: Party[] = [];

  /** `most`: so many may be asked for at a time. */
  constructor(most: number, takeSome: TakeSome) {
    this.#most = most;
    this.#takeSome = takeSome;
  }

  one(worker: string, leaseMs: number): Promise<Taken | null> {
    return new Promise((resolve, reject) => {
      if (this.#parties.length === 0) queueMicrotask(() => this.#askAll());
      this.#partyOf(worker, leaseMs).askers.push({ resolve, reject });
    });
  }

  #partyOf(worker: string, leaseMs: number): Party {
    const same = (party: Party) =>
      party.worker === worker && party.leaseMs === leaseMs && party.askers.length < this.#most;
    const known = this.#parties.find(same);
    if (known) return known;
    const party = { worker, leaseMs, askers: [] };
    this.#parties.push(party);
    return party;
  }

  #askAll(): void {
    const parties = this.#parties;
    this.#parties = [];
    for (const party of parties) void this.#ask(party);
  }

  async #ask({ worker, leaseMs, askers }: Party): Promise<void> {
    try {
      const taken = await this.#takeSome(askers.length, worker, leaseMs);
      for (const [index, { resolve }] of askers.entries()) resolve(taken[index] ?? null);
    } catch (error) {
      for (const { reject } of askers) reject(error);
    }
  }
}
