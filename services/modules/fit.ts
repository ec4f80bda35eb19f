import type { Copy } from "./copy.ts";
import type { Module } from "./module.ts";
import { orCancelled, within } from "./time-limit.ts";

/** How far a new copy came. */
export type Stage = "load" | "start" | "health";

/** Gives the new copy's module. `signal`: nobody wants it any more. */
export type Load = (signal: AbortSignal) => Promise<Module>;

/** A copy that runs and is healthy, or how far it came; then nothing of it is left. */
export type Fitted =
  | Readonly<{ ok: true; module: Module; copy: Copy }>
  | Readonly<{ ok: false; stage: Stage; error: unknown }>;

export type FitOrder = Readonly<{
  /** What the module must call itself. */
  name: string;
  load: Load;
  start: (module: Module) => Promise<Copy>;
  signal: AbortSignal;
  /** How long the load may take. */
  limitMs: number;
}>;

/** Loads and starts another copy beside the one that works, and asks after its health. */
export async function fit({ name, load, start, signal, limitMs }: FitOrder): Promise<Fitted> {
  let stage: Stage = "load";
  try {
    signal.throwIfAborted();
    const what = `the load of ${name}`;
    const module = await within(orCancelled(load(signal), signal, what), limitMs, what);
    signal.throwIfAborted();
    stage = "start";
    if (module.name !== name) throw new Error(`the new copy of ${name} calls itself ${module.name}`);
    const copy = await start(module);
    stage = "health";
    const isHealthy = await copy.isHealthy();
    if (isHealthy && !copy.failure) return { ok: true, module, copy };
    await copy.stop(false).catch(() => undefined);
    throw copy.failure ?? new Error(`the new copy of ${name} is not healthy`);
  } catch (error) {
    return { ok: false, stage, error };
  }
}
