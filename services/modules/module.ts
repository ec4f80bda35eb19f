import type { Quota } from "./quota.ts";

/** A part of a service that starts and stops: what would be a process of its own, were there more of them. */
export interface Module {
  /** Shape: `api`. */
  readonly name: string;
  /** Those that have to run before it starts, and that stop after it. */
  readonly dependsOn?: readonly string[];
  /** Resolves when it works. What it gives is what others have of it, see `Host.of`. */
  start(context: ModuleContext): Promise<unknown>;
  /** Resolves when nothing of it is in flight. Is called only after `start` succeeded, and once for each time. */
  stop(context: ModuleContext): Promise<void>;
  /** Whether it does its work. Left out: as long as it runs. False, or a rejection: it does not. */
  health?(): boolean | Promise<boolean>;
}

/** What a module is given. One context is one life of it: a restart has another. */
export type ModuleContext = Readonly<{
  /** Fires when it is to end, alone or with all the others. */
  signal: AbortSignal;
  /** How much it may do at a time. */
  quota: Quota;
  /** Says that it cannot go on. It is stopped, and started again as the policy says; the others are not touched. */
  fail(error: Error): void;
}>;

/** Who is started again, and when. Units: milliseconds. */
export type RestartPolicy = Readonly<{
  /** The pause before the first restart; each further one in a row doubles it, up to `capMs`. */
  baseMs: number;
  capMs: number;
  /** More failures than this within `intervalMs`, and it stays down. 0: it always does. */
  burst: number;
  intervalMs: number;
}>;

/** `waiting`: for what it depends on, or for its next start. `dead`: it has failed too often. */
export type ModuleState = "waiting" | "starting" | "running" | "stopping" | "stopped" | "dead";
