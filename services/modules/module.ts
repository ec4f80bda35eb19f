/** A part of a service that starts and stops. */
export interface Module {
  /** Shape: `api`. */
  readonly name: string;
  /** Resolves when it works. */
  start(): Promise<void>;
  /** Resolves when nothing of it is in flight. Is called only after `start` succeeded. */
  stop(): Promise<void>;
}
