import { setTimeout as sleep } from "node:timers/promises";
import { Copy, type Limits } from "./copy.ts";
import { type Graph, graphOf } from "./graph.ts";
import type { Module, ModuleState, RestartPolicy } from "./module.ts";

/** Why a module did not stop. */
export type StopFailure = Readonly<{ module: string; error: unknown }>;

/** What became of the wish to replace a module. A failure has left the one before as it was. */
export type Replaced = Readonly<{ ok: true } | { ok: false; stage: "start" | "health"; error: unknown }>;

/** Modules that run in one process. */
export interface Host {
  /** What the start of a module gave, of the copy that works at the moment; null while none does. */
  of(name: string): unknown;
  states(): Readonly<Record<string, ModuleState>>;
  /** Whether each module does its work. */
  health(): Promise<Readonly<Record<string, boolean>>>;
  /**
   * Starts another copy of a module beside the one that works, asks after its health, and has it take over; then the one before
   * stops. One wish at a time for each module: the next waits. Errors: throws for a name that is not there.
   */
  replace(next: Module): Promise<Replaced>;
  /** Stops everybody, those who depend on others first, keeps on after a failure, and answers with what would not stop. A second call joins the first. */
  stop(): Promise<readonly StopFailure[]>;
}

export type HostOptions = Readonly<{
  limits: Limits;
  restart: RestartPolicy;
  /** Hears what happened to a module. `dead`: it has failed too often, and stays down. */
  told: (event: "failed" | "restarted" | "dead" | "replaced" | "kept", module: string, error: unknown) => void;
}>;

export const defaultLimits: Limits = {
  startMs: 30_000,
  stopMs: 30_000,
  healthMs: 1_000,
  quota: Number.POSITIVE_INFINITY,
};

const defaults: HostOptions = {
  limits: defaultLimits,
  restart: { baseMs: 500, capMs: 30_000, burst: 5, intervalMs: 60_000 },
  told: () => undefined,
};

/**
 * Starts modules, each as soon as those run that it depends on.
 * Errors: ModuleGraphFault before anything is started; else rejects with what the first one threw that failed, after those that
 * had been started are stopped again.
 */
export async function startModules(modules: readonly Module[], given: Partial<HostOptions> = {}): Promise<Host> {
  const host = new ModuleHost(modules, { ...defaults, ...given });
  await host.start();
  return host;
}

/**
 * `coming`: the copy that is being started. `failures`: when it failed, oldest first. `busy`: a restart or a replacement under way,
 * after which the next may begin.
 */
type Slot = {
  module: Module;
  copy: Copy | null;
  coming: Copy | null;
  state: ModuleState;
  failures: number[];
  busy: Promise<unknown>;
};

class ModuleHost implements Host {
  readonly #graph: Graph;
  readonly #slots: ReadonlyMap<string, Slot>;
  readonly #options: HostOptions;
  /** The root of the modules' signals. */
  readonly #end = new AbortController();
  /** Nobody is started any more. */
  readonly #closing = new AbortController();
  #stopping: Promise<readonly StopFailure[]> | null = null;

  constructor(modules: readonly Module[], options: HostOptions) {
    this.#graph = graphOf(modules);
    this.#options = options;
    this.#slots = new Map(
      modules.map((module) => [
        module.name,
        { module, copy: null, coming: null, state: "waiting", failures: [], busy: Promise.resolve() },
      ]),
    );
  }

  async start(): Promise<void> {
    const started = new Map<string, Promise<void>>();
    const startOne = (slot: Slot): Promise<void> => {
      const { name } = slot.module;
      const needed = this.#graph.get(name)?.before ?? [];
      const all = Promise.all(needed.map((other) => startOnce(this.#slot(other))));
      return all.then(() => (this.#closing.signal.aborted ? undefined : this.#begin(slot)));
    };
    const startOnce = (slot: Slot): Promise<void> => {
      const { name } = slot.module;
      const promise = started.get(name) ?? startOne(slot);
      started.set(name, promise);
      return promise;
    };
    const all = [...this.#slots.values()].map(startOnce);
    try {
      await Promise.all(all);
    } catch (error) {
      this.#closing.abort();
      for (const { coming } of this.#slots.values()) coming?.cancel();
      await Promise.allSettled(all);
      await this.stop();
      throw error;
    }
  }

  of(name: string): unknown {
    const { copy, state } = this.#slot(name);
    return state === "running" ? (copy?.value ?? null) : null;
  }

  states(): Readonly<Record<string, ModuleState>> {
    return Object.fromEntries([...this.#slots].map(([name, { state }]) => [name, state]));
  }

  async health(): Promise<Readonly<Record<string, boolean>>> {
    const asked = [...this.#slots].map(async ([name, { copy, state }]): Promise<[string, boolean]> => {
      return [name, state === "running" && copy !== null && (await copy.isHealthy())];
    });
    return Object.fromEntries(await Promise.all(asked));
  }

  replace(next: Module): Promise<Replaced> {
    const slot = this.#slot(next.name);
    return this.#inTurn(slot, () => this.#replace(slot, next));
  }

  stop(): Promise<readonly StopFailure[]> {
    this.#closing.abort();
    this.#stopping ??= this.#stopAll().finally(() => this.#end.abort());
    return this.#stopping;
  }

  async #begin(slot: Slot): Promise<void> {
    const { module } = slot;
    slot.state = "starting";
    const copy = this.#copyOf(slot, module);
    try {
      await this.#startBeside(slot, copy);
    } catch (error) {
      slot.state = "waiting";
      throw error;
    }
    slot.copy = copy;
    slot.state = "running";
  }

  /** Whoever stops the host meanwhile need not wait for it. */
  async #startBeside(slot: Slot, copy: Copy): Promise<void> {
    slot.coming = copy;
    try {
      await copy.start();
    } finally {
      slot.coming = null;
    }
  }

  #copyOf(slot: Slot, module: Module): Copy {
    const copy: Copy = new Copy(module, this.#end.signal, this.#options.limits, (error) => {
      // One that was replaced, or never took over, has nothing to say any more.
      if (slot.copy === copy) void this.#inTurn(slot, () => this.#recover(slot, copy, error));
    });
    return copy;
  }

  /** What is done to one module is done one after the other. */
  #inTurn<T>(slot: Slot, action: () => Promise<T>): Promise<T> {
    const done = slot.busy.then(action);
    slot.busy = done.catch(() => undefined);
    return done;
  }

  /** Stops one that has failed and starts it again, as often as the policy lets it. */
  async #recover(slot: Slot, failed: Copy, cause: Error): Promise<void> {
    const { told } = this.#options;
    const { name } = slot.module;
    if (slot.copy !== failed || this.#closing.signal.aborted) return;
    slot.state = "stopping";
    slot.copy = null;
    told("failed", name, cause);
    await failed.stop().catch((error: unknown) => told("failed", name, error));
    for (let error: unknown = cause; !this.#closing.signal.aborted; ) {
      const pauseMs = this.#pauseBefore(slot);
      slot.state = pauseMs === null ? "dead" : "waiting";
      if (pauseMs === null) return told("dead", name, error);
      // Rejects when the host stops, which is looked at next.
      await sleep(pauseMs, undefined, { signal: this.#closing.signal }).catch(() => undefined);
      if (this.#closing.signal.aborted) return;
      try {
        await this.#begin(slot);
        return told("restarted", name, null);
      } catch (next) {
        told("failed", name, next);
        error = next;
      }
    }
  }

  /** Counts a failure. Null: it was one too many. */
  #pauseBefore(slot: Slot): number | null {
    const { baseMs, capMs, burst, intervalMs } = this.#options.restart;
    const now = performance.now();
    slot.failures = [...slot.failures.filter((at) => at > now - intervalMs), now];
    if (slot.failures.length > burst) return null;
    return Math.min(capMs, baseMs * 2 ** (slot.failures.length - 1));
  }

  async #replace(slot: Slot, next: Module): Promise<Replaced> {
    const { told } = this.#options;
    const copy = this.#copyOf(slot, next);
    const keep = (stage: "start" | "health", error: unknown): Replaced => {
      told("kept", next.name, error);
      return { ok: false, stage, error };
    };
    if (this.#closing.signal.aborted) return keep("start", new Error("the host stops"));
    try {
      await this.#startBeside(slot, copy);
    } catch (error) {
      return keep("start", error);
    }
    if (!(await copy.isHealthy())) {
      await copy.stop().catch(() => undefined);
      return keep("health", new Error(`the new copy of ${next.name} is not healthy`));
    }
    const before = slot.copy;
    Object.assign(slot, { module: next, copy, state: "running", failures: [] });
    told("replaced", next.name, null);
    await before?.stop().catch((error: unknown) => told("failed", next.name, error));
    return { ok: true };
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
      const slot = this.#slot(name);
      slot.coming?.cancel();
      await slot.busy;
      const { copy } = slot;
      if (copy) slot.state = "stopping";
      try {
        await copy?.stop();
      } catch (error) {
        failures.push({ module: name, error });
      }
      slot.state = "stopped";
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
