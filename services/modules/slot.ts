import { setTimeout as sleep } from "node:timers/promises";
import { Copy, type Limits } from "./copy.ts";
import type { ModuleReport } from "./figures.ts";
import { type Fitted, fit, type Load, type Stage } from "./fit.ts";
import type { Module, ModuleState, RestartPolicy } from "./module.ts";
import type { Outfit } from "./outfit.ts";
import { afterFailure } from "./restart.ts";

/** What became of the wish to replace a module. A failure has left the one before as it was. `superseded`: a later wish counts. */
export type Replaced =
  | Readonly<{ ok: true }>
  | Readonly<{ ok: false; stage: Stage; error: unknown }>
  | Readonly<{ ok: false; stage: "superseded" }>;

/** What happened to a module. `dead`: it has failed too often, and stays down. `kept`: the new copy is not fit, the one before goes on. */
export type ModuleEvent =
  | Readonly<{ event: "failed" | "dead"; error: unknown }>
  | Readonly<{ event: "restarted" | "replaced" }>
  | Readonly<{ event: "kept"; stage: Stage; error: unknown }>;

export type SlotOptions = Readonly<{
  limits: Limits;
  restart: RestartPolicy;
  outfit: Outfit;
  told: (event: ModuleEvent) => void;
  /** The root of the copies' signals. */
  root: AbortSignal;
  /** Nobody is started any more. */
  closing: AbortSignal;
}>;

/** One module's place in the host: the copy that works there, and what is done to it, one after the other. */
export class Slot {
  #module: Module;
  readonly #options: SlotOptions;
  #copy: Copy | null = null;
  /** The copy that is being started. */
  #coming: Copy | null = null;
  #state: ModuleState = "waiting";
  /** When it failed, oldest first. */
  #failures: number[] = [];
  /** A restart or a replacement under way, after which the next may begin. */
  #busy: Promise<unknown> = Promise.resolve();
  /** The last wish for another copy, until it is fulfilled or refused. */
  #wish: AbortController | null = null;
  readonly #counts = { restarts: 0, replaced: 0, kept: 0 };
  #refused: string | null = null;
  /** Ends the pause before a restart. */
  #stir: () => void = () => undefined;

  constructor(module: Module, options: SlotOptions) {
    this.#module = module;
    this.#options = options;
  }

  /** What its start gave; null while no copy works. */
  get value(): unknown {
    return this.#state === "running" ? (this.#copy?.value ?? null) : null;
  }

  get report(): ModuleReport {
    const { name } = this.#module;
    const { startMs = null, inFlight = 0 } = this.#copy ?? {};
    return { name, state: this.#state, ...this.#counts, startMs, inFlight, refused: this.#refused };
  }

  async wellbeing(): Promise<boolean | string> {
    if (this.#state !== "running" || !(await this.#copy?.isHealthy())) return false;
    return this.#refused === null || `another copy was refused: ${this.#refused}`;
  }

  /** The first start, and that after a failure. */
  async begin(): Promise<void> {
    this.#state = "starting";
    try {
      this.#takeOver(await this.#startBeside(this.#copyOf(this.#module)));
    } catch (error) {
      this.#state = "waiting";
      throw error;
    }
  }

  replace(load: Load): Promise<Replaced> {
    const wish = new AbortController();
    this.#wish?.abort();
    this.#wish = wish;
    // What is on its way is not what is wanted any more, be it a copy or the end of a pause.
    this.#coming?.cancel();
    this.#stir();
    return this.#inTurn(() => this.#replace(load, wish));
  }

  /** The copy that is being started is not wanted. */
  cancel(): void {
    this.#coming?.cancel();
  }

  /** Errors: what the copy's stop throws. */
  async stop(): Promise<void> {
    this.#wish?.abort();
    this.cancel();
    await this.#busy;
    if (this.#copy) this.#state = "stopping";
    try {
      await this.#copy?.stop(false);
    } finally {
      await this.#options.outfit.close();
      this.#state = "stopped";
    }
  }

  /** Whoever stops the host meanwhile need not wait for it. */
  async #startBeside(copy: Copy): Promise<Copy> {
    this.#coming = copy;
    try {
      await copy.start();
      return copy;
    } finally {
      this.#coming = null;
    }
  }

  #copyOf(module: Module): Copy {
    const { root, limits, outfit } = this.#options;
    const failed = (): void => void this.#inTurn(() => this.#recover(copy));
    const copy: Copy = new Copy(module, { parent: root, limits, outfit, failed });
    return copy;
  }

  #takeOver(copy: Copy): void {
    this.#copy = copy;
    this.#state = "running";
    copy.takeOver();
    // It may have said so before there was somebody to hear it.
    if (copy.failure) void this.#inTurn(() => this.#recover(copy));
  }

  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    const done = this.#busy.then(action);
    this.#busy = done.catch(() => undefined);
    return done;
  }

  /** Stops one that has failed, and starts it again. One that was replaced, or never took over, has nothing to say any more. */
  async #recover(failed: Copy): Promise<void> {
    const { told, closing } = this.#options;
    const cause = failed.failure;
    if (this.#copy !== failed || closing.aborted) return;
    this.#state = "stopping";
    this.#copy = null;
    told({ event: "failed", error: cause });
    await failed.stop(true).catch((error: unknown) => told({ event: "failed", error }));
    await this.#revive(cause);
  }

  /** Starts it as often as the policy lets it, until it works, or another copy is wished for. */
  async #revive(cause: unknown): Promise<void> {
    const { told, outfit, restart, closing } = this.#options;
    this.#state = "waiting";
    for (let error = cause; !closing.aborted && !this.#wish; ) {
      const { failures, pauseMs } = afterFailure(this.#failures, performance.now(), restart);
      this.#failures = failures;
      this.#state = pauseMs === null ? "dead" : "waiting";
      if (pauseMs === null) {
        told({ event: "dead", error });
        return outfit.close();
      }
      await this.#pause(pauseMs);
      if (closing.aborted || this.#wish) return;
      try {
        await this.begin();
        this.#counts.restarts++;
        return told({ event: "restarted" });
      } catch (next) {
        told({ event: "failed", error: next });
        error = next;
      }
    }
  }

  async #pause(pauseMs: number): Promise<void> {
    const over = new AbortController();
    this.#stir = () => over.abort();
    const signal = AbortSignal.any([over.signal, this.#options.closing]);
    // Rejects when it ends early, for reasons that are looked at next.
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
  }

  async #replace(load: Load, wish: AbortController): Promise<Replaced> {
    const { name } = this.#module;
    const start = (module: Module): Promise<Copy> => this.#startBeside(this.#copyOf(module));
    const limitMs = this.#options.limits.startMs;
    const fitted = await fit({ name, load, start, signal: wish.signal, limitMs });
    if (wish.signal.aborted) {
      if (fitted.ok) await fitted.copy.stop(false).catch(() => undefined);
      return { ok: false, stage: "superseded" };
    }
    this.#wish = null;
    if (!fitted.ok) return this.#keep(fitted);
    const { told } = this.#options;
    const before = this.#copy;
    this.#module = fitted.module;
    this.#takeOver(fitted.copy);
    this.#failures = [];
    this.#refused = null;
    this.#counts.replaced++;
    told({ event: "replaced" });
    await before?.stop(false).catch((error: unknown) => told({ event: "failed", error }));
    return { ok: true };
  }

  /** The one before goes on; where there is none, its restarts do. */
  #keep({ stage, error }: Exclude<Fitted, { ok: true }>): Replaced {
    this.#refused = `${stage}: ${error instanceof Error ? error.message : String(error)}`;
    this.#counts.kept++;
    this.#options.told({ event: "kept", stage, error });
    if (this.#state === "waiting") {
      // It is no failure of what ran before: only the pause begins anew.
      this.#failures.pop();
      void this.#inTurn(() => this.#revive(error));
    }
    return { ok: false, stage, error };
  }
}
