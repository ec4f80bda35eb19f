import type { SignalName } from "../unit/unit.ts";

/** One life of one process. Shape: 32 lower-case hex digits, never reused. Source: systemd.exec(5), INVOCATION_ID. */
export type InvocationId = string;

/** Units: milliseconds on the monotonic clock (CLOCK_MONOTONIC); never wall time. */
export type Instant = number;

/** How a process ended: facts only. */
export type Exit = Readonly<{ by: "code"; code: number } | { by: "signal"; signal: SignalName; core: boolean }>;

/** A process that outlived its group's leader. */
export type Survivor = Readonly<{ pid: number; command: string }>;

/** Where a start failed. `listen`: the unit's own sockets; `exec`: the program itself. */
export type SpawnStage = "command" | "listen" | "output" | "chdir" | "user" | "limit" | "credential" | "exec";
