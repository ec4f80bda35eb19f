import type { Host, HostOptions } from "../../services/modules/host.ts";
import type { Module, ModuleContext } from "../../services/modules/module.ts";
import { within } from "../support/within.ts";
import { bareOutfit } from "./bare-outfit.ts";

export const LIMIT_MS = 5_000;
export const limits = { startMs: 1_000, stopMs: 1_000, healthMs: 200, quota: Number.POSITIVE_INFINITY };
export const restart = { baseMs: 1, capMs: 4, burst: 3, intervalMs: 60_000 };

/** Modules that note what is done to them. `after`: name → whom it depends on. `faults`: what an action throws. */
export class Scene {
  readonly calls: string[] = [];
  readonly told: string[] = [];
  /** What is done with the outfits. */
  readonly noted: string[] = [];
  readonly contexts = new Map<string, ModuleContext>();
  readonly faults: Record<string, string> = {};
  readonly #heard = new Map<string, () => void>();

  module(name: string, dependsOn: readonly string[] = [], more: Partial<Module> = {}): Module {
    const act = async (what: string, context: ModuleContext): Promise<string> => {
      this.calls.push(`${what} ${name}`);
      this.contexts.set(name, context);
      const fault = this.faults[`${what} ${name}`];
      if (fault) throw new Error(fault);
      return `${name}, life ${this.calls.filter((call) => call === `start ${name}`).length}`;
    };
    return {
      name,
      dependsOn,
      start: (context) => act("start", context),
      stop: async (context) => void (await act("stop", context)),
      ...more,
    };
  }

  options(more: Partial<HostOptions> = {}): HostOptions {
    const told: HostOptions["told"] = (module, { event, ...facts }) => {
      const stage = "stage" in facts ? ` at ${facts.stage}` : "";
      this.told.push(`${event} ${module}${stage}${"error" in facts ? `: ${(facts.error as Error).message}` : ""}`);
      this.#heard.get(`${event} ${module}`)?.();
    };
    const outfit = (name: string) => bareOutfit(name, (what) => this.noted.push(what));
    return { outfit, limits, restart, told, ...more };
  }

  /** When it is told, from now on. */
  hears(what: string): Promise<void> {
    return within(new Promise<void>((resolve) => this.#heard.set(what, resolve)), LIMIT_MS, what);
  }
}

/** The state of each module. */
export const states = (host: Host) => Object.fromEntries(host.reports().map(({ name, state }) => [name, state]));
