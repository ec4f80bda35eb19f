import type { Logger } from "pino";
import type { Section } from "../../config/schema.ts";
import type { Life } from "../kit/life.ts";
import type { Servable } from "../kit/serve.ts";
import type { Listening, Place } from "./doors.ts";
import type { Quota } from "./quota.ts";

/** A part of a service that starts and stops: what would be a process of its own, were there more of them. */
export interface Module<Config = unknown> {
  /** Shape: `api`. It is also the name of its section in `config/`. */
  readonly name: string;
  /** Those that have to run before it starts, and that stop after it. */
  readonly dependsOn?: readonly string[];
  /** Reads its section of `config/`. Left out: it has none. */
  readonly config?: Section<Config>;
  /** Resolves when it works. What it gives is what others have of it, see `Host.of`. */
  start(context: ModuleContext<Config>): Promise<unknown>;
  /**
   * Resolves when nothing of it is in flight. Is called only after `start` succeeded, and once for each time; what clients asked
   * of it is answered by then.
   */
  stop(context: ModuleContext<Config>): Promise<void>;
  /** Whether it does its work. Left out: as long as it runs. False, or a rejection: it does not. */
  health?(): boolean | Promise<boolean>;
}

/** Gives a module whose context is typed by the section that it reads. */
export function moduleOf<Config>(module: Module<Config>): Module {
  return module as Module;
}

/** What a module is given. One context is one life of it: a restart has another, and so has a copy that takes its place. */
export type ModuleContext<Config = unknown> = Given<Config> &
  Readonly<{
    /** Fires when it is to end, alone or with all the others. */
    signal: AbortSignal;
    /** How much it may do at a time: the requests that it has in hand, and whatever it runs by it. */
    quota: Quota;
    /** Says that it cannot go on. It is stopped, and started again as the policy says; the others are not touched. */
    fail(error: Error): void;
  }>;

/** What of a context comes from the surroundings. */
export type Given<Config = unknown> = Readonly<{
  /** What its section of `config/` says, read anew for each life. */
  config: Config;
  /**
   * Hears of each change of that section while the process goes on, with all of it; a key that is not live is the next process's to take. To be added once,
   * and to be done when it returns. Whoever throws refuses the change, for all.
   */
  onConfig(apply: (config: Config) => void): void;
  /** Names the module in each line. */
  log: Logger;
  /** The process's life, whose drain begins earlier for a module that is to end earlier. */
  life: Life;
  /**
   * Serves an app on a listener of the module's own. Copies that follow each other serve on the same one, and none closes it: who
   * asks while one takes over from another is answered by one of them. It is closed when the module stops for good.
   * Errors: as `serve` of the kit.
   */
  listen(app: Servable, place: Place): Promise<Listening>;
  /** The same where the supervisor asks this very process; nowhere, if it does not. */
  listenPrivately(app: Servable): Promise<void>;
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
export type ModuleState = (typeof MODULE_STATES)[number];
export const MODULE_STATES = ["waiting", "starting", "running", "stopping", "stopped", "dead"] as const;
