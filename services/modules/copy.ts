import type { Module, ModuleContext } from "./module.ts";
import type { Equipment, Outfit } from "./outfit.ts";
import { createQuota } from "./quota.ts";
import { orCancelled, within } from "./time-limit.ts";

export type Limits = Readonly<{
  startMs: number;
  stopMs: number;
  /** One question after its health. */
  healthMs: number;
  /** How much one copy may do at a time. */
  quota: number;
}>;

/** One life of a module, from its start to its stop. */
export class Copy {
  readonly #module: Module;
  readonly #limits: Limits;
  readonly #end = new AbortController();
  readonly #equipment: Equipment;
  readonly #context: ModuleContext;
  /** What its start gave. */
  value: unknown = null;
  /** How long its start took. */
  startMs = 0;
  /** Why it cannot go on; null: it can. */
  failure: Error | null = null;
  #stopping: Promise<void> | null = null;

  /**
   * `parent`: its end ends this one; not the other way round. `failed` hears that it cannot go on, once: see `failure`.
   * Errors: throws what its outfit throws.
   */
  constructor(module: Module, { parent, limits, outfit, failed }: CopyOptions) {
    this.#module = module;
    this.#limits = limits;
    const signal = AbortSignal.any([parent, this.#end.signal]);
    const fail = (error: Error): void => {
      if (this.failure || signal.aborted) return;
      this.failure = error;
      failed();
    };
    const own = { signal, quota: createQuota(limits.quota) };
    this.#equipment = outfit.equip(module, own);
    this.#context = { ...this.#equipment.given, ...own, fail };
  }

  /** Errors: what the module throws; TimeLimit, or that it was cancelled, and then it is stopped should it come up after all. */
  async start(): Promise<void> {
    const { name } = this.#module;
    const begun = performance.now();
    const starting = attempt(() => this.#module.start(this.#context));
    try {
      const limited = orCancelled(starting, this.#end.signal, `the start of ${name}`);
      this.value = await within(limited, this.#limits.startMs, `the start of ${name}`);
      this.startMs = performance.now() - begun;
    } catch (error) {
      this.#end.abort();
      const tidyUp = (): Promise<void> => this.#module.stop(this.#context);
      void starting.then(tidyUp).catch(() => undefined);
      await this.#equipment.leave(false);
      throw error;
    }
  }

  get inFlight(): number {
    return this.#context.quota.inUse;
  }

  /** From now on it is the one that answers. */
  takeOver(): void {
    this.#equipment.takeOver();
  }

  /** Lets its signal fire. */
  cancel(): void {
    this.#end.abort();
  }

  /** `isFollowed`: by a restart. Errors: what the module throws; TimeLimit. A second call joins the first. */
  stop(isFollowed: boolean): Promise<void> {
    this.#end.abort();
    this.#stopping ??= within(this.#stop(isFollowed), this.#limits.stopMs, `the stop of ${this.#module.name}`);
    return this.#stopping;
  }

  /** Whether it does its work; one that cannot say so in time does not. */
  async isHealthy(): Promise<boolean> {
    const asked = attempt(async () => (await this.#module.health?.()) ?? true);
    return within(asked, this.#limits.healthMs, `the health of ${this.#module.name}`).catch(() => false);
  }

  async #stop(isFollowed: boolean): Promise<void> {
    await this.#equipment.leave(isFollowed);
    await this.#module.stop(this.#context);
  }
}

export type CopyOptions = Readonly<{
  parent: AbortSignal;
  limits: Limits;
  outfit: Outfit;
  failed: () => void;
}>;

/** A module is foreign code: what it throws at once is a rejection as any other. */
async function attempt<T>(action: () => T | Promise<T>): Promise<T> {
  return action();
}
