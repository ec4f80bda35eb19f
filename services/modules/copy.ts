import type { Module, ModuleContext } from "./module.ts";
import { createQuota } from "./quota.ts";
import { within } from "./time-limit.ts";

export type Limits = Readonly<{
  startMs: number;
  stopMs: number;
  /** One question after its health. */
  healthMs: number;
  /** How much one module may do at a time. */
  quota: number;
}>;

/** One life of a module, from its start to its stop. */
export class Copy {
  readonly #module: Module;
  /** What its start gave. */
  value: unknown = null;
  readonly #limits: Limits;
  readonly #end = new AbortController();
  readonly #context: ModuleContext;
  #stopping: Promise<void> | null = null;

  /** `parent`: its end ends this one; not the other way round. `failed` hears that it cannot go on, once. */
  constructor(module: Module, parent: AbortSignal, limits: Limits, failed: (error: Error) => void) {
    this.#module = module;
    this.#limits = limits;
    const signal = AbortSignal.any([parent, this.#end.signal]);
    let isTold = false;
    const fail = (error: Error): void => {
      if (isTold || signal.aborted) return;
      isTold = true;
      failed(error);
    };
    this.#context = { signal, quota: createQuota(limits.quota), fail };
  }

  /** Errors: what the module throws; TimeLimit, and then it is stopped should it come up after all. */
  async start(): Promise<void> {
    const { name } = this.#module;
    const starting = attempt(() => this.#module.start(this.#context));
    try {
      this.value = await within(starting, this.#limits.startMs, `the start of ${name}`);
    } catch (error) {
      this.#end.abort();
      const tidyUp = (): Promise<void> => this.#module.stop(this.#context);
      void starting.then(tidyUp).catch(() => undefined);
      throw error;
    }
  }

  /** Lets its signal fire. */
  cancel(): void {
    this.#end.abort();
  }

  /** Errors: what the module throws; TimeLimit. A second call joins the first. */
  stop(): Promise<void> {
    this.#end.abort();
    this.#stopping ??= within(
      attempt(() => this.#module.stop(this.#context)),
      this.#limits.stopMs,
      `the stop of ${this.#module.name}`,
    );
    return this.#stopping;
  }

  /** Whether it does its work; one that cannot say so in time does not. */
  async isHealthy(): Promise<boolean> {
    const asked = attempt(async () => (await this.#module.health?.()) ?? true);
    return within(asked, this.#limits.healthMs, `the health of ${this.#module.name}`).catch(() => false);
  }
}

/** A module is foreign code: what it throws at once is a rejection as any other. */
async function attempt<T>(action: () => T | Promise<T>): Promise<T> {
  return action();
}
