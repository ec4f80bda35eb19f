/**
 * What `GET /v1/status` and `supervisor status --json` answer: the contract's §5, field for field.
 * It may grow; a field that stands here changes its meaning only with `schema_version`.
 */
export type Status = Readonly<{
  schema_version: 1;
  supervisor: Readonly<{
    pid: number;
    version: string;
    runtime: string;
    started_at: string;
    root: string;
    /** A file below units/ or config/ says something else than what is loaded. */
    changed_on_disk: boolean;
    /** Only where there is one. */
    config_source?: SourceStatus;
  }>;
  units: readonly UnitStatus[];
}>;

/** A remote source of settings. `asked`: it has not answered yet. `since`: RFC 3339. `reason`: why it is away. */
export type SourceStatus = Readonly<{
  url: string;
  state: "asked" | "answers" | "away";
  since: string;
  reason: string | null;
}>;

export type ActiveState = "active" | "reloading" | "inactive" | "failed" | "activating" | "deactivating";
export type SubState =
  | "running"
  | "exited"
  | "dead"
  | "start"
  | "start-pre"
  | "start-post"
  | "reload"
  | "stop"
  | "stop-post"
  | "auto-restart"
  | "stop-sigterm"
  | "stop-sigkill"
  | "failed";
export type Result =
  | "success"
  | "exit-code"
  | "signal"
  | "core-dump"
  | "timeout"
  | "watchdog"
  | "start-limit-hit"
  | "oom-kill"
  | "resources"
  | "probe"
  | "protocol";

export type UnitStatus = Readonly<{
  name: string;
  description: string;
  /** The file the unit was read from. */
  file: string;
  /** The file says something else than what is loaded, or is gone. */
  changed_on_disk: boolean;
  /** A process runs with an older definition than the one that is loaded. */
  outdated: boolean;
  active_state: ActiveState;
  sub_state: SubState;
  health: "healthy" | "unhealthy" | "unknown";
  main_pid: number | null;
  generation: number;
  wanted: "up" | "down";
  restarts: number;
  /** RFC 3339: when active_state was entered. */
  since: string;
  result: Result;
  /** What the service last said of itself with STATUS=: the process that serves, or without one the first that is going. */
  status_text: string | null;
  /** What is not as it seems, one sentence each. In the answer for one unit all of it is looked for, in the list what costs nothing. */
  warnings: readonly string[];
  /** One sentence: why it is as it is, when that is not plain ("waits for redis"). */
  reason: string | null;
  instances: readonly InstanceStatus[];
  listeners: readonly ListenerStatus[];
  handover: Readonly<{
    last_result: "done" | "kept-old" | "none";
    ready_ms: number | null;
    drain_ms: number | null;
    reason: string | null;
  }>;
  release: string | null;
  last_exit: Readonly<{ code: number | null; signal: string | null; at: string }> | null;
}>;

/**
 * `waiting`: connections that nobody has accepted yet; null where the kernel does not tell.
 * `served_by`: who waits for connections on it; one that serves somebody meanwhile is left out.
 * Both only in the answer for one unit: finding them means a walk through all of /proc.
 */
export type ListenerStatus = Readonly<{
  name: string;
  address: string;
  waiting?: number | null;
  served_by?: readonly Readonly<{ pid: number; command: string }>[];
}>;

export type InstanceStatus = Readonly<{
  name: string;
  pid: number | null;
  generation: number;
  invocation_id: string;
  /** What this process is to its unit: `starting`, `running`, `replacing` (being replaced), `soaking`, `draining`, `stopping`, … */
  phase: string;
  ready_at: string | null;
  /** Its own last words, STATUS=. */
  status_text: string | null;
  memory_bytes: number | null;
  cpu_seconds: number | null;
  /** `unknown`: no probe has come to a verdict yet, or there is none. */
  health: UnitStatus["health"];
  probes: readonly ProbeStatus[];
  /** Everybody alive of this invocation, the main process first; only in the answer for one unit (`GET /v1/units/:name`). */
  processes?: readonly ProcessStatus[];
}>;

/** What one probe of one process was last told. Shape of `detail`: `answered 503`. */
export type ProbeStatus = Readonly<{ kind: string; verdict: "passing" | "failing" | "unknown"; detail: string }>;

/**
 * One process of an invocation. Why not in the list of units: finding them means a walk through all of /proc.
 * Units: `tasks` are threads, as systemd counts them; memory is resident, so what processes share counts once for each.
 */
export type ProcessStatus = Readonly<{
  pid: number;
  ppid: number;
  command: string;
  tasks: number;
  memory_bytes: number;
  cpu_seconds: number;
}>;
