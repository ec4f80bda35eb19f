import type { SignalName } from "../unit/unit.ts";

/** One life of one process. Shape: 32 lower-case hex digits, never reused. Source: systemd.exec(5), INVOCATION_ID. */
export type InvocationId = string;

/** Units: milliseconds on the monotonic clock (CLOCK_MONOTONIC); never wall time. */
export type Instant = number;

/**
 * How a process ended: facts only. `oom`: the kernel killed it, or one of its group, for want of memory. `unknown`: it ended while
 * no supervisor was there, or as the child of somebody else.
 */
export type Exit = Readonly<
  { by: "code"; code: number } | { by: "signal"; signal: SignalName; core: boolean; oom?: true } | { by: "unknown" }
>;

/** A process that outlived its group's leader. `pid`: 0 where somebody is left whom nobody could look at. */
export type Survivor = Readonly<{ pid: number; command: string }>;

/** The commands that a unit may have run beside or between its processes: `start-pre` is `exec_start_pre`. */
export type ChoreKind = "start-pre" | "start-post" | "reload" | "stop" | "stop-post";

/** Where a start failed. `listen`: the unit's own sockets; `exec`: the program itself. */
export type SpawnStage = "command" | "listen" | "output" | "chdir" | "user" | "limit" | "credential" | "exec";
