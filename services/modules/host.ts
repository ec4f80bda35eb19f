import type { Limits } from "./copy.ts";
import type { ModuleReport } from "./figures.ts";
import type { Load } from "./fit.ts";
import { type Graph, graphOf } from "./graph.ts";
import type { Module, RestartPolicy } from "./module.ts";
import type { Outfit } from "./outfit.ts";
import { type ModuleEvent, type Replaced, Slot } from "./slot.ts";

/** Why a module did not stop. */
export type StopFailure = Readonly<{ module: string; error: unknown }>;

/** Modules that run in one process. */
export interface Host {
  /** What the start of a module gave, of the copy that works at the moment; null while none does. */
  of(name: string): unknown;
  /** How each module fares, in the order they were given. */
  reports(): readonly ModuleReport[];
  /** Whether a module does its work; a text when it does, but another copy of it was refused. */
  wellbeing(name: string): Promise<boolean | string>;
  /**
   * Starts another copy of a module beside the one that works, asks after its health, and has it take over; then the one before
   * stops. The last wish counts: it ends an earlier one that is still under way. Errors: throws for a name that is not there.
   */
  replace(name: string, load: Load): Promise<Replaced>;
  /** Stops everybody, those who depend on others first, keeps on after a failure, and answers with what would not stop. A second call joins the first. */
  stop(): Promise<readonly StopFailure[]>;
}

export type HostOptions = Readonly<{
  /** Makes what the module of a name is given. */
  outfit: (name: string) => Outfit;
  limits: Limits;
  restart: RestartPolicy;
  /** Hears what happened to a module. */
  told: (module: string, event: ModuleEvent) => void;
}>;

export const defaultLimits: Limits = { startMs: 30_000, stopMs: 30_000, healthMs: 1_000, quota: 10_000 };

const defaults: Omit<HostOptions, "outfit"> = {
  limits: defaultLimits,
  restart: { baseMs: 500, capMs: 30_000, burst: 5, intervalMs: 60_000 },
  told: () => undefined,
};

/**
 * Starts modules, each as soon as those run that it depends on.
 * Errors: ModuleGraphFault before anything is started; else rejects with what the first one threw that failed, after those that
 * had been started are stopped again.
 */
export async function startModules(
  modules: readonly Module[],
  given: Partial<HostOptions> & Pick<HostOptions, "outfit">,
): Promise<Host> {
  const host = new ModuleHost(modules, { ...defaults, ...given });
  await host.start();
  return host;
}

class ModuleHost implements Host {
  readonly #graph: Graph;
  readonly #slots: ReadonlyMap<string, Slot>;
  /** The root of the modules' signals. */
  readonly #end = new AbortController();
  /** Nobody is started any more. */
  readonly #closing = new AbortController();
  #stopping: Promise<readonly StopFailure[]> | null = null;

  constructor(modules: readonly Module[], { outfit, told, ...options }: HostOptions) {
    this.#graph = graphOf(modules);
    const signals = { root: this.#end.signal, closing: this.#closing.signal };
    this.#slots = new Map(
      modules.map((module) => {
        const { name } = module;
        const own = { outfit: outfit(name), told: (event: ModuleEvent) => told(name, event) };
        return [name, new Slot(module, { ...options, ...signals, ...own })];
      }),
    );
  }

  async start(): Promise<void> {
    const started = new Map<string, Promise<void>>();
    const startOne = (name: string): Promise<void> => {
      const needed = this.#graph.get(name)?.before ?? [];
      const all = Promise.all(needed.map(startOnce));
      return all.then(() => (this.#closing.signal.aborted ? undefined : this.#slot(name).begin()));
    };
    const startOnce = (name: string): Promise<void> => {
      const promise = started.get(name) ?? startOne(name);
      started.set(name, promise);
      return promise;
    };
    const all = [...this.#slots.keys()].map(startOnce);
    try {
      await Promise.all(all);
    } catch (error) {
      this.#closing.abort();
      for (const slot of this.#slots.values()) slot.cancel();
      await Promise.allSettled(all);
      await this.stop();
      throw error;
    }
  }

  of(name: string): unknown {
    return this.#slot(name).value;
  }

  reports(): readonly ModuleReport[] {
    return [...this.#slots.values()].map(({ report }) => report);
  }

  wellbeing(name: string): Promise<boolean | string> {
    return this.#slot(name).wellbeing();
  }

  replace(name: string, load: Load): Promise<Replaced> {
    return this.#slot(name).replace(load);
  }

  stop(): Promise<readonly StopFailure[]> {
    this.#closing.abort();
    this.#stopping ??= this.#stopAll().finally(() => this.#end.abort());
    return this.#stopping;
  }

  async #stopAll(): Promise<readonly StopFailure[]> {
    const failures: StopFailure[] = [];
    const stopped = new Map<string, Promise<void>>();
    const stopOnce = (name: string): Promise<void> => {
      const promise = stopped.get(name) ?? stopOne(name);
      stopped.set(name, promise);
      return promise;
    };
    const stopOne = async (name: string): Promise<void> => {
      await Promise.all((this.#graph.get(name)?.after ?? []).map(stopOnce));
      try {
        await this.#slot(name).stop();
      } catch (error) {
        failures.push({ module: name, error });
      }
    };
    await Promise.all([...this.#slots.keys()].map(stopOnce));
    return failures;
  }

  #slot(name: string): Slot {
    const slot = this.#slots.get(name);
    if (!slot) throw new Error(`there is no module ${name}`);
    return slot;
  }
}
