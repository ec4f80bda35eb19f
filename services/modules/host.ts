import type { Module } from "./module.ts";

/** Why a module did not stop. */
export type StopFailure = Readonly<{ module: string; error: unknown }>;

/** Modules that run in one process. */
export interface Host {
  /** Stops in reverse order, keeps on after a failure, and answers with what would not stop. A second call joins the first. */
  stop(): Promise<readonly StopFailure[]>;
}

/**
 * Starts modules one after the other.
 * Errors: rejects with what the failing module threw, after those that had been started are stopped again.
 */
export async function startModules(modules: readonly Module[]): Promise<Host> {
  const started: Module[] = [];
  let stopping: Promise<readonly StopFailure[]> | null = null;
  const stop = () => {
    stopping ??= stopAll([...started].reverse());
    return stopping;
  };
  for (const module of modules) {
    try {
      await module.start();
    } catch (error) {
      await stop();
      throw error;
    }
    started.push(module);
  }
  return { stop };
}

async function stopAll(modules: readonly Module[]): Promise<readonly StopFailure[]> {
  const failures: StopFailure[] = [];
  for (const module of modules) {
    try {
      await module.stop();
    } catch (error) {
      failures.push({ module: module.name, error });
    }
  }
  return failures;
}
